"""Three applications around knowledge: a hidden timeout, a smaller model, an answer cut short.

In: a seed. Out: `research`, `answers`, `reports`. Next: `catalogue`.
"""

from collections.abc import Sequence
from random import Random

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import CITIES, COMPANIES, american, bank, person, spin
from tests.scenarios.held_out.tracing import Call, Recorder, Shape
from tests.scenarios.held_out.truth import THUMBS, Application, Fault, Truth

THEMES = (
    "heat pumps in old houses",
    "the price of lithium",
    "night trains",
    "vertical farming",
    "rare earth recycling",
    "urban beekeeping",
    "desalination",
    "coastal erosion",
)
ANGLES = bank("cost|regulation|public opinion|supply|jobs|environment")
FACTS = (
    "demand has grown steadily",
    "several pilots were completed",
    "subsidies were extended",
    "critics point at the maintenance",
    "the first large plant opened",
    "prices have levelled off",
)
ERRORS = (
    "Error: upstream timeout after 30 s",
    "HTTP 503 Service Unavailable",
    "search failed: rate limit exceeded, try again later",
    "Error: connection reset by peer",
)
OUTLINER = "Make an outline of two or three angles for the article."
AUTHOR = "Search for every angle, then write a paragraph for {who}."
QUESTION = (
    "[What is new about|Write something on|I need a paragraph about] {theme} in {city}[, please|]?"
)
PARAGRAPH = "[On {theme}|Looking at {theme}|As to {theme}], [it is fair to say that|observers note that] {facts}."
ADMISSION = (
    " [Note that one search failed with an error|I could not reach the search for part of this], "
    "so this is incomplete."
)


def research(seed: int) -> Application:
    """The search fails now and then; mostly the author hides it and writes all the same."""
    marks = ("handoff.hidden_error", "run.tool_error_text", "run.span_error", "handoff.additions")
    truth = Truth((Fault("author", marks, "a failed search is hidden"),), ("outliner",))
    shape = Shape("newsroom", "agents", "POST /articles", users=60)
    return build("research", seed, 260, truth, THUMBS, shape, _write_article)


def _write_article(work: Recorder, _index: int) -> bool:
    rng = work.rng
    theme, angles = rng.choice(THEMES), rng.sample(ANGLES, rng.randint(2, 3))
    broken = rng.random() < 0.32
    admits = broken and rng.random() < 0.25
    question = spin(rng, QUESTION, theme=theme, city=rng.choice(CITIES))
    outline = spin(rng, "[Angles|Outline]: {angles}", angles="; ".join(angles))
    facts = rng.sample(FACTS, len(angles))
    results = _searched(rng, facts, broken=broken)
    calls = [
        Call("web_search", {"query": f"{theme} {angle}"}, result)
        for angle, result in zip(angles, results, strict=True)
    ]
    text = spin(rng, PARAGRAPH, theme=theme, facts=", and ".join(facts))
    if admits:
        text += spin(rng, ADMISSION)
    with work.turn():
        work.run("outliner", OUTLINER, question, outline)
        told = AUTHOR.format(who=person(rng))
        work.run("author", told, f"{question}\n{outline}", text, calls=calls)
    return broken and not admits


def _searched(rng: Random, facts: Sequence[str], *, broken: bool) -> list[str]:
    results = [
        spin(rng, "{company}: {fact}.", company=rng.choice(COMPANIES), fact=fact) for fact in facts
    ]
    if broken:
        for at in rng.sample(range(len(results)), rng.randint(1, len(results))):
            results[at] = rng.choice(ERRORS)
    return results


PRODUCTS = bank("router|thermostat|camera|doorbell|speaker|plug")
DOUBTS = (
    "does not connect",
    "blinks red",
    "loses its schedule",
    "cannot be found",
    "needs a reset",
    "is very slow",
)
STAGES = (
    ("tagger", "Give the tags of the question."),
    ("retriever", "Name the pages of the manual that may help."),
    ("ranker", "Order the pages, the best first, and quote the key sentence."),
    ("answerer", "Answer from the first page for {who}."),
)
DOUBT = "[My|Our] {product} {doubt}, [what can I do|any idea|how do I fix it]?"
TAGS = "[tags: |]{product}, {doubt}"
PAGES = ("setup", "lights", "app", "wifi")
BEST = "{page}: [press the button until the light changes|open the app and pair again]"
ADVICE = "[Please|Try this]: {best}. [That should do|Tell me if not]."


def answers(seed: int) -> Application:
    """One of four agents, the ranker, runs on a smaller model in 40 % of the sessions."""
    truth = Truth(
        (Fault("ranker", ("config.model",), "a smaller model"),),
        ("tagger", "retriever", "answerer"),
    )
    shape = Shape("manuals", "chats", "POST /ask", users=300)
    return build("answers", seed, 320, truth, THUMBS, shape, _look_up)


def _look_up(work: Recorder, _index: int) -> bool:
    rng = work.rng
    small = rng.random() < 0.4
    wrong = rng.random() < (0.55 if small else 0.06)
    product, doubt = rng.choice(PRODUCTS), rng.choice(DOUBTS)
    question = spin(rng, DOUBT, product=product, doubt=doubt)
    tags = spin(rng, TAGS, product=product, doubt=doubt.split()[-1])
    pages = [f"{product} manual, {part}" for part in rng.sample(PAGES, 3)]
    ranked = list(pages)
    rng.shuffle(ranked)
    best = spin(rng, BEST, page=ranked[0])
    answer = spin(rng, ADVICE, best=best.split(": ")[1])
    listed = "\n".join(pages)
    said = (
        (question, tags),
        (f"{question}\n{tags}", listed),
        (listed, "\n".join([best, *ranked[1:]])),
        (f"{question}\n{best}", answer),
    )
    with work.turn():
        for (agent, prompt), (asked, out) in zip(STAGES, said, strict=True):
            model = "gpt-4.1-mini" if small and agent == "ranker" else None
            work.run(agent, prompt.format(who=person(rng)), asked, out, model=model)
    return wrong


METRICS = bank(
    "visits signups orders refunds returns calls tickets visitors downloads uploads renewals upgrades"
)
GATHERER = "List the figures of the week for the report, one a line."
REPORTER = "Write the weekly report for {who}. Comment on every figure."
NUMBERS = "[Weekly numbers of|Figures for|Data of] {company}: {figures}"
COMMENT = (
    "[We counted {n} {name}|{name} came to {n}], [which is in line with the plan|a little above the "
    "week before|slightly below the target], and [no action is needed|we keep watching it]."
)


def reports(seed: int) -> Application:
    """Long lists of figures run into the limit of output tokens; the report ends in mid-sentence."""
    marks = ("run.truncated", "handoff.length", "handoff.numbers", "run.tokens")
    truth = Truth((Fault("report-writer", marks, "the output limit is hit"),), ("figure-gatherer",))
    shape = Shape("weekly", "agents_io", "cron weekly", model="gpt-4o")
    return build("reports", seed, 220, truth, THUMBS, shape, _report)


def _report(work: Recorder, _index: int) -> bool:
    rng = work.rng
    long = rng.random() < 0.25
    names = rng.sample(METRICS, rng.randint(9, 12) if long else rng.randint(3, 7))
    figures = [(name, american(rng.randint(100, 90_000))[:-3]) for name in names]
    company = rng.choice(COMPANIES)
    listed = ", ".join(f"{name} {n}" for name, n in figures)
    asked = spin(rng, NUMBERS, company=company, figures=listed)
    lines = "\n".join(f"{name}: {n}" for name, n in figures)
    report = " ".join(spin(rng, COMMENT, n=n, name=name) for name, n in figures)
    if long:
        report = report[: 700 + rng.randint(0, 60)]
    with work.turn():
        work.run("figure-gatherer", GATHERER, asked, lines)
        told, finish = REPORTER.format(who=person(rng)), "length" if long else "stop"
        work.run("report-writer", told, lines, report, finish=finish)
    return long
