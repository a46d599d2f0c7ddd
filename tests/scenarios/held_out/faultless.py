"""Applications in which no agent is to blame, though users complain.

In: a seed. Out: `kitchen`, `library`, `quizzes`, `gazette`, `regulars`. Next: `catalogue`.
"""

from random import Random

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import (
    CITIES,
    COMPANIES,
    american,
    bank,
    day,
    long_date,
    person,
    spin,
)
from tests.scenarios.held_out.tracing import Call, Recorder, Shape
from tests.scenarios.held_out.truth import REVIEWED, THUMBS, Application, Feedback, Truth

CALM = "no fault; complaints are random"
DISHES = bank("lentil soup|fish pie|mushroom risotto|onion tart|bean stew|apple cake")
COOK = "You answer questions about cooking. The guest is {who}."


def kitchen(seed: int) -> Application:
    """One agent, 10 % thumbs-down at random."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        dish, n, minutes = rng.choice(DISHES), rng.randint(2, 12), rng.randrange(20, 90, 5)
        asked = spin(
            rng,
            "[How do I make|Recipe for|What do I need for] {dish} for {n}[, please|]?",
            dish=dish,
            n=n,
        )
        answer = spin(
            rng,
            "[For {n} people|With {n} guests] [plan|allow] {minutes} minutes for {dish}. [Start with the onions|"
            "Heat the oven first|Soak everything overnight]. [Don't salt too early|Enjoy|Taste at the end].",
            n=n,
            minutes=minutes,
            dish=dish,
        )
        call = Call("find_recipe", {"dish": dish}, f"{dish}: {minutes} minutes")
        with work.turn():
            work.run("cook", COOK.format(who=person(rng)), asked, answer, calls=[call])
        return False

    shape = Shape("kitchen", "agents", "POST /chat", users=100)
    return build(
        "kitchen", seed, 240, Truth((), ("cook",), CALM), Feedback(0.1, 0.1), shape, script
    )


SUBJECTS = bank("glaciers|trade unions|opera houses|steam engines|tea ceremonies|cartography")
LIBRARY = (
    ("finder", "Find books on the subject."),
    ("condenser", "Condense the findings; leave away what is secondary."),
    ("writer", "Write a note for the reader {who}."),
)


def library(seed: int) -> Application:
    """Three agents that lose, shorten and reorder much by nature; 25 % thumbs-down at random."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        subject, n = rng.choice(SUBJECTS), rng.randint(3, 8)
        books = [
            f"{person(rng)}, {subject} of {rng.choice(CITIES)}, {rng.randint(1950, 2024)}, "
            f"{rng.randint(90, 700)} pages"
            for _ in range(n)
        ]
        asked = spin(
            rng,
            "[I look for|Do you have|Please find] books on {subject}[, not too long|, unless they are lent out|].",
            subject=subject,
        )
        found = "\n".join(books)
        kept = rng.sample(books, rng.randint(1, n))
        short = "\n".join(b.split(", ", 1)[rng.random() < 0.5] for b in kept)
        note = spin(
            rng,
            "[We have|There are] {k} [books|titles] for you: {short}.",
            k=len(kept),
            short="; ".join(short.split("\n")),
        )
        with work.turn():
            for (agent, prompt), said, out in zip(
                LIBRARY, (asked, found, short), (found, short, note), strict=True
            ):
                work.run(agent, prompt.format(who=person(rng)), said, out)
        return False

    innocent = Truth((), tuple(agent for agent, _ in LIBRARY), CALM)
    shape = Shape("library", "chats", "POST /find")
    return build("library", seed, 300, innocent, Feedback(0.25, 0.25), shape, script)


EASY = (
    "the capital of Spain",
    "the colour of the sky",
    "the number of weekdays",
    "the currency of Japan",
)
HARD = (
    "the eigenvalues of a {n} by {n} Hilbert matrix",
    "the ratio of {n} nested continued fractions",
    "the chromatic number of the {n}-dimensional cube graph",
    "the remainder of {n} factorial divided by a Mersenne prime",
)
PARSER = "Restate the question in one sentence."
SOLVER = "Answer the question for {who}."


def quizzes(seed: int) -> Application:
    """Hard questions fail, whatever the agents do: the input decides, nobody is to blame."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        hard = rng.random() < 0.3
        what = rng.choice(HARD if hard else EASY).format(n=rng.randint(3, 12))
        asked = spin(rng, "[What is|Tell me|I would like to know] {what}[?|, please.]", what=what)
        restated = spin(rng, "[The user asks for|Question about] {what}.", what=what)
        answer = spin(
            rng,
            "[As to|Regarding] {what}: [it is|that would be|the answer is] {it}.",
            what=what,
            it=_guess(rng),
        )
        with work.turn():
            work.run("parser", PARSER, asked, restated)
            work.run("solver", SOLVER.format(who=person(rng)), restated, answer)
        return hard and rng.random() < 0.85

    truth = Truth((), ("parser", "solver"), "the difficulty of the question decides, no agent")
    return build(
        "quizzes", seed, 260, truth, THUMBS, Shape("quizzes", "agents", "POST /quiz"), script
    )


def _guess(rng: Random) -> str:
    return rng.choice(
        ("well known", "easy to look up", "found in any textbook", "a matter of definition")
    )


EDITOR = "Shorten the announcement to what readers need."
CHECKER = "Check the spelling and pass the text on."


def gazette(seed: int) -> Application:
    """The editor drops figures in every fifth text and nobody minds; complete labels fail 30 % at random."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        company, city, when = rng.choice(COMPANIES), rng.choice(CITIES), long_date(day(rng))
        money, jobs = american(rng.randint(100, 9000) * 1000)[:-3], rng.randint(12, 900)
        text = spin(
            rng,
            "{company} [invests|will invest] {money} in {city} and [creates|plans] {jobs} jobs by {when}. "
            "[Neighbours are not amused|The mayor is pleased|Work starts if the council agrees].",
            company=company,
            money=money,
            city=city,
            jobs=jobs,
            when=when,
        )
        short = spin(
            rng,
            "{company}: {money} for {city}, {jobs} jobs by {when}.",
            company=company,
            money=money,
            city=city,
            jobs=jobs,
            when=when,
        )
        if rng.random() < 0.2:
            short = spin(rng, "{company} [grows|invests] in {city}.", company=company, city=city)
        with work.turn():
            work.run("editor", EDITOR, text, short)
            work.run("checker", CHECKER, short, short)
        return rng.random() < 0.3

    truth = Truth((), ("editor", "checker"), "a loss that has nothing to do with the labels")
    shape = Shape("gazette", "agents_io", "POST /news")
    return build("gazette", seed, 260, truth, REVIEWED, shape, script)


GUIDE = "You recommend walks around {city}."


def regulars(seed: int) -> Application:
    """24 users with habits of their own; four of them always complain. Their habits are not the cause."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        user = rng.randrange(24)
        work.user = f"guest-{user:02d}"
        habit = Random(f"regulars/{seed}/{user}")
        city, way = (
            habit.choice(CITIES),
            habit.choice(("without stairs", "with a dog", "along the water", "at night")),
        )
        hello, km = habit.choice(("Hi", "Hello", "Good day", "Hey")), rng.randint(2, 18)
        asked = f"{hello}, {spin(rng, '[I want|please suggest|any idea for]')} a walk of {km} km in {city} {way}."
        route = spin(
            rng,
            "[Start at the station|Begin at the market], [follow the signs|keep left] for {km} km, {way}.",
            km=km,
            way=way,
        )
        tip = spin(
            rng, "{route} [Take water with you|Mind the weather|Good shoes help].", route=route
        )
        with work.turn():
            work.run("route-maker", GUIDE.format(city=city), asked, route)
            work.run("tipster", "Add a tip.", route, tip)
        return user < 4

    truth = Truth((), ("route-maker", "tipster"), "four users complain always")
    shape = Shape("walks", "chats", "POST /walks", users=24)
    return build("regulars", seed, 240, truth, Feedback(0.9, 0.05), shape, script)
