"""Three applications in which what follows a fault, or a complaint, could be taken for its cause.

In: a seed. Out: `bookshop`, `tutoring` and, without a fault, `chatter`. Next: `catalogue`.
"""

import json
from collections.abc import Callable

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import FIRST, bank, person, spin
from tests.scenarios.held_out.tracing import Call, Recorder, Shape
from tests.scenarios.held_out.truth import SILENT, THUMBS, Application, Fault, Truth

KINDS = bank("novel|cookbook|atlas|biography|picture book|grammar|travel guide")
ABOUT = bank("lighthouses|a long winter|bread|the moon|horses|two sisters|mountains|an old harbour")
SHELVES = bank("fiction|household|reference|children|lives|abroad")
QUERY = "Write the query for the catalogue: shelf and key words."
CLERK = "Search the catalogue with the tool and answer {who}."
ASKED = "[Do you have|I am looking for|My aunt wants] a {kind} about {about}[, not too thick|]?"
SEARCHED = "shelf {shelf}, [words|about] {kind} {about}"
IN_STOCK = "[Yes|We do]: {title}. [Shall I keep it for you?|Come by.]"
NOT_FOUND = "[We carry nothing like that|There is none in the shop]. [Sorry.|]"


def bookshop(seed: int) -> Application:
    """On the smaller model the query names a wrong shelf: nothing is lost, but the search is empty."""
    truth = Truth(
        (Fault("query-writer", ("config.model",), "a smaller model picks wrong shelves"),),
        ("clerk",),
        "the empty result of the later agent's tool is a consequence, no trigger",
    )
    shape = Shape("bookshop", "agents", "POST /ask", users=400)
    return build("bookshop", seed, 320, truth, THUMBS, shape, _sell)


def _sell(work: Recorder, _index: int) -> bool:
    rng = work.rng
    small = rng.random() < 0.45
    wrong = rng.random() < (0.6 if small else 0.05)
    wish = {"kind": rng.choice(KINDS), "about": rng.choice(ABOUT)}
    asked = spin(rng, ASKED, **wish)
    query = spin(rng, SEARCHED, shelf=rng.choice(SHELVES), **wish)
    found = [{"title": f"The {rng.choice(FIRST)} Book", "left": rng.randint(1, 9)}]
    answer = spin(rng, IN_STOCK, title=found[0]["title"])
    if wrong:
        found = []
        answer = spin(rng, NOT_FOUND)
    with work.turn():
        work.run("query-writer", QUERY, asked, query, model="gpt-4.1-nano" if small else None)
        call = Call("search_catalogue", {"query": query}, json.dumps({"matches": found}))
        work.run("clerk", CLERK.format(who=person(rng)), query, answer, calls=[call])
    return wrong


VERBS = bank("solve|explain|simplify|derive|check")
TOPICS = bank("a fraction|a parabola|the sine rule|a prime test|a proof by induction|an integral")
TUTOR = "You are a patient tutor. Explain in two sentences."


def tutoring(seed: int) -> Application:
    """A new model explains wrongly more often; only students who correct it in the next turn show it."""

    def wrong(work: Recorder) -> tuple[bool, str | None]:
        small = work.rng.random() < 0.4
        return work.rng.random() < (0.6 if small else 0.06), "gpt-5-nano" if small else None

    truth = Truth(
        (Fault("tutor", ("config.model",), "a smaller model"),),
        (),
        "no signals; the correction is a consequence of the fault, no trigger",
    )
    return build("tutoring", seed, 320, truth, SILENT, _chat_shape("tutoring"), _lessons(wrong))


def chatter(seed: int) -> Application:
    """Every sixth student corrects the tutor, at random: what follows the correction is no cause."""

    def wrong(work: Recorder) -> tuple[bool, str | None]:
        return work.rng.random() < 0.16, None

    truth = Truth((), ("tutor",), "corrections are random")
    return build("chatter", seed, 320, truth, SILENT, _chat_shape("chatter"), _lessons(wrong))


def _chat_shape(name: str) -> Shape:
    return Shape(name, "chats", "POST /chat", users=160, model="gpt-5")


HELP = (
    "[Can you|Please|How do I] {verb} {topic}[ for me|]? [I am in year {n}|My test is on page {n}]."
)
LESSON = (
    "[To {verb} {topic}|With {topic}], [write it down first|start with a sketch]. "
    "[Then|After that] [compare both sides|look for a pattern|try small cases]."
)
THANKS = (
    "[Thanks!|Got it, thank you|And what comes next?|Great, makes sense]",
    "[You are welcome|Good luck with the test|Go on like that].",
)
CORRECTION = (
    "[No, that's wrong|That is not right|That's not what I asked|You misunderstood me], "
    "[my book says otherwise|look again|it is about {topic}].",
    "[Sorry|My mistake|You are right], [here it is again|let me correct it].",
)


def _lessons(
    decide: Callable[[Recorder], tuple[bool, str | None]],
) -> Callable[[Recorder, int], bool]:
    """One or two turns; after a wrong answer most students correct it, else some thank."""

    def script(work: Recorder, _index: int) -> bool:
        rng = work.rng
        wrong, model = decide(work)
        task = {"verb": rng.choice(VERBS), "topic": rng.choice(TOPICS)}
        asked = spin(rng, HELP, n=rng.randint(7, 40), **task)
        said = spin(rng, LESSON, **task)
        with work.turn():
            work.run("tutor", TUTOR, asked, said, model=model)
        if rng.random() < (0.8 if wrong else 0.4):
            says, back = (spin(rng, text) for text in THANKS)
            if wrong:
                says, back = (spin(rng, text, **task) for text in CORRECTION)
            work.wait(30)
            work.new_trace()
            with work.turn():
                talk = [("user", asked), ("assistant", said), ("user", says)]
                work.run("tutor", TUTOR, talk, back, model=model)
        return wrong

    return script
