"""Three applications of a shop: cut order numbers, a worse prompt version, retried activities.

In: a seed. Out: `orders`, `helpdesk`, `warranty`. Next: `catalogue`.
"""

import json

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import bank, day, long_date, person, spin
from tests.scenarios.held_out.tracing import Call, Recorder, Shape
from tests.scenarios.held_out.truth import THUMBS, THUMBS_BOTH_WAYS, Application, Fault, Truth

ITEMS = bank("kettle|desk lamp|rain jacket|headphones|trail shoes|bread knife|backpack|monitor")
TROUBLES = (
    "has not arrived yet",
    "came with a scratch",
    "is the wrong colour",
    "was left with a neighbour I don't know",
    "shows as delivered but is not here",
)
ROUTER = """Route the message. Answer with JSON: intent, order.
Intents: tracking, damage, exchange."""
TRACKER = "Look up the order and tell what is known about it."
REPLIER = "Write the answer to the customer {who}, friendly and short."
ORDERED = (
    "[Hello|Hi|Dear shop], my {item} {trouble}. [The order number is|It is order|Order] {order}"
    "[, bought on {day}|]. [Can you help?|What now?|Please check.] {who}"
)
STATES = ("packed", "on its way", "handed over", "returned to sender")
KNOWN = "[Order|Number] {order} ({item}) [is|is now] {state}."
UNKNOWN = "[There is no order|I cannot see an order] {order}."
REPLY = (
    "[Dear|Hello] {who}, [thank you for writing|thanks for your patience]. {known} "
    "[We are glad to help|Write us any time]."
)


def orders(seed: int) -> Application:
    """The router cuts the part of an order number behind the last hyphen, if there is one."""
    truth = Truth(
        (Fault("router", ("handoff.identifiers", "handoff.numbers"), "the order number is cut"),),
        ("order-tracker", "replier"),
    )
    shape = Shape("shop-support", "agents", "POST /message", users=200)
    return build("orders", seed, 320, truth, THUMBS, shape, _track)


def _track(work: Recorder, _index: int) -> bool:
    rng = work.rng
    partial = rng.random() < 0.28
    passed = order = f"ORD-{rng.randrange(10**6, 10**7)}"
    if partial:
        order += f"-{rng.choice('ABCD')}{rng.randint(10, 99)}"
    who, item, trouble = person(rng), rng.choice(ITEMS), rng.choice(TROUBLES)
    bought = long_date(day(rng))
    message = spin(rng, ORDERED, item=item, trouble=trouble, order=order, day=bought, who=who)
    routed = json.dumps({"intent": _intent(trouble), "order": passed})
    found = {"order": passed, "item": item, "state": rng.choice(STATES)}
    result, known = json.dumps(found), spin(rng, KNOWN, **found)
    if partial:
        result = json.dumps({"matches": [], "hint": "no such order"})
        known = spin(rng, UNKNOWN, order=passed)
    with work.turn():
        work.run("router", ROUTER, message, routed)
        call = Call("get_order", {"order": passed}, result)
        work.run("order-tracker", TRACKER, routed, known, calls=[call])
        answer = spin(rng, REPLY, who=who.split()[0], known=known)
        work.run("replier", REPLIER.format(who=who), f"{message}\n\nKnown: {known}", answer)
    return partial


def _intent(trouble: str) -> str:
    if "scratch" in trouble:
        return "damage"
    return "exchange" if "colour" in trouble else "tracking"


TOPICS = (
    ("I cannot sign in since the update", "sign the app out everywhere and sign in again"),
    (
        "the invoice shows the wrong address",
        "change the address under billing and ask for a new copy",
    ),
    ("my export stops half-way", "split the export by month and start it again"),
    ("I want to move to the yearly plan", "choose the yearly plan under subscription"),
    ("a colleague left and needs to be removed", "open members and deactivate the account"),
    ("notifications come twice", "remove the second device under notifications"),
)
CLASSIFIER = "Classify the request in two or three words."
RESPONDER_1 = """You answer customers of the workspace product.
Customer: {who}. Date: {day}.
Explain every step and end with a question whether it helped."""
RESPONDER_2 = """You answer customers of the workspace product.
Customer: {who}. Date: {day}.
Be brief and point to the documentation.
Never describe more than one step."""
TICKET = "[Hi|Hello|Good morning], {topic}. [It is urgent|No hurry|Can you help]? [Thanks|Regards], {who}"
LABEL = "[request|question|problem]: {topic}"
ANSWER_1 = (
    "[Thanks for asking|Happy to help], {who}. [First open the settings|Start in the settings], "
    "then {advice}. [Save at the end|Confirm with save]. [Did that help|Does it work now]?"
)
ANSWER_2 = "[Please|You can] {advice}, [see the documentation|details in the docs]."
HELPDESK_MARKS = (
    "config.prompt",
    "handoff.length",
    "handoff.names",
    "term:",
    "run.tokens",
    "run.latency",
)


def helpdesk(seed: int) -> Application:
    """Half-way through, a new version of the responder's prompt is rolled out; it fails far more often."""
    fault = Fault("responder", HELPDESK_MARKS, "a new prompt version")
    truth = Truth((fault,), ("classifier",))
    shape = Shape("helpdesk", "agents", "POST /tickets", users=90)
    return build("helpdesk", seed, 300, truth, THUMBS_BOTH_WAYS, shape, _respond)


def _respond(work: Recorder, index: int) -> bool:
    rng = work.rng
    new = index >= 150
    wrong = rng.random() < (0.5 if new else 0.05)
    topic, advice = rng.choice(TOPICS)
    who = person(rng)
    message = spin(rng, TICKET, topic=topic, who=who)
    label = spin(rng, LABEL, topic=" ".join(topic.split()[-3:]))
    text, prompt = (ANSWER_2, RESPONDER_2) if new else (ANSWER_1, RESPONDER_1)
    answer = spin(rng, text, who=who.split()[0], advice=advice)
    told = prompt.format(who=who, day=long_date(day(rng)))
    with work.turn():
        work.run("classifier", CLASSIFIER, message, label)
        work.run("responder", told, f"Topic: {label}\n{message}", answer)
    return wrong


PARTS = bank("pump|valve|motor|display|hinge|sensor|filter|belt")
NORMALIZER = "Normalize the warranty claim: one line with all serial numbers and the fault."
LOOKUP = "Look up the warranty of each serial number."
DECIDER = "Decide on the claim in one sentence."
CLAIM = (
    "[Claim|Warranty claim] of {who}: the {part} [fails|stopped working|leaks] in the units {serials}. "
    "[Bought|Delivered] {day}."
)
NORMALIZED = "[fault|defect]: {part}; units: {kept}"
COVER = ("in warranty", "covered until next year")
GRANTED = "[Accepted|The claim is granted|We repair] for {kept}."
Step = tuple[str, str, str, str]
"""Agent, prompt, what it is asked, what it answers."""


def warranty(seed: int) -> Application:
    """Temporal activities; the normalizer loses serial numbers of long claims. Retries mean nothing."""
    marks = ("handoff.identifiers", "handoff.numbers")
    truth = Truth(
        (Fault("normalizer", marks, "serial numbers are lost"),),
        ("warranty-lookup", "decider"),
        "half of the lookups are retried, in right and wrong sessions alike",
    )
    shape = Shape("warranty-worker", "chats", None)
    return build("warranty", seed, 240, truth, THUMBS, shape, _claim)


def _claim(work: Recorder, _index: int) -> bool:
    rng = work.rng
    serials = [
        f"SN{rng.randrange(10**7):07d}{rng.choice('KLMX')}" for _ in range(rng.randint(1, 5))
    ]
    wrong = len(serials) >= 3 and rng.random() < 0.65
    part = rng.choice(PARTS)
    units, who, bought = " and ".join(serials), person(rng), long_date(day(rng))
    claim = spin(rng, CLAIM, who=who, part=part, serials=units, day=bought)
    kept = serials[:1] if wrong else serials
    line = spin(rng, NORMALIZED, part=part, kept=", ".join(kept))
    looked = "\n".join(f"{s}: {rng.choice(COVER)}" for s in kept)
    decision = spin(rng, GRANTED, kept=", ".join(kept))
    steps = (
        ("normalizer", NORMALIZER, claim, line),
        ("warranty-lookup", LOOKUP, line, looked),
        ("decider", DECIDER, looked, decision),
    )
    run_id = f"{rng.getrandbits(64):016x}"
    ids = {"temporalWorkflowID": f"claim/{work.session_id}", "temporalRunID": run_id}
    with work.span("RunWorkflow:WarrantyWorkflow", ids, kind=2):
        for at, step in enumerate(steps, 1):
            _activity(work, {**ids, "temporalActivityID": str(at)}, step)
    return wrong


def _activity(work: Recorder, ids: dict[str, str], step: Step) -> None:
    """One activity span an attempt; only the last attempt gets as far as the agent."""
    agent, prompt, asked, answer = step
    n_failed = work.rng.choice((0, 0, 1, 2)) if agent == "warranty-lookup" else 0
    for attempt in range(1, n_failed + 2):
        lost = attempt <= n_failed
        attributes = {**ids, "temporal.activity_type": agent, "temporal.attempt": attempt}
        error = "lookup service unavailable" if lost else None
        with work.span(f"RunActivity:{agent}", attributes, kind=2, error=error):
            if not lost:
                work.run(agent, prompt, asked, answer)
        work.wait(1)
