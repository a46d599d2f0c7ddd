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


def orders(seed: int) -> Application:
    """The router cuts the part of an order number behind the last hyphen, if there is one."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        partial = rng.random() < 0.28
        order = f"ORD-{rng.randrange(10**6, 10**7)}"
        if partial:
            order += f"-{rng.choice('ABCD')}{rng.randint(10, 99)}"
        who, item, trouble = person(rng), rng.choice(ITEMS), rng.choice(TROUBLES)
        message = spin(
            rng,
            "[Hello|Hi|Dear shop], my {item} {trouble}. [The order number is|It is order|Order] {order}"
            "[, bought on {day}|]. [Can you help?|What now?|Please check.] {who}",
            item=item,
            trouble=trouble,
            order=order,
            day=long_date(day(rng)),
            who=who,
        )
        passed = order.rsplit("-", 1)[0] if partial else order
        intent = (
            "damage" if "scratch" in trouble else "exchange" if "colour" in trouble else "tracking"
        )
        routed = json.dumps({"intent": intent, "order": passed})
        state = rng.choice(("packed", "on its way", "handed over", "returned to sender"))
        result = json.dumps({"order": passed, "item": item, "state": state})
        known = spin(
            rng,
            "[Order|Number] {order} ({item}) [is|is now] {state}.",
            order=passed,
            item=item,
            state=state,
        )
        if partial:
            result = json.dumps({"matches": [], "hint": "no such order"})
            known = spin(rng, "[There is no order|I cannot see an order] {order}.", order=passed)
        with work.turn():
            work.run("router", ROUTER, message, routed)
            call = Call("get_order", {"order": passed}, result)
            work.run("order-tracker", TRACKER, routed, known, calls=[call])
            answer = spin(
                rng,
                "[Dear|Hello] {who}, [thank you for writing|thanks for your patience]. {known} "
                "[We are glad to help|Write us any time].",
                who=who.split()[0],
                known=known,
            )
            work.run("replier", REPLIER.format(who=who), f"{message}\n\nKnown: {known}", answer)
        return partial

    truth = Truth(
        (Fault("router", ("handoff.identifiers", "handoff.numbers"), "the order number is cut"),),
        ("order-tracker", "replier"),
    )
    shape = Shape("shop-support", "agents", "POST /message", users=200)
    return build("orders", seed, 320, truth, THUMBS, shape, script)


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


def helpdesk(seed: int) -> Application:
    """Half-way through, a new version of the responder's prompt is rolled out; it fails far more often."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        new = index >= 150
        wrong = rng.random() < (0.5 if new else 0.05)
        topic, advice = rng.choice(TOPICS)
        who = person(rng)
        message = spin(
            rng,
            "[Hi|Hello|Good morning], {topic}. [It is urgent|No hurry|Can you help]? [Thanks|Regards], {who}",
            topic=topic,
            who=who,
        )
        label = spin(rng, "[request|question|problem]: {topic}", topic=" ".join(topic.split()[-3:]))
        if new:
            answer = spin(
                rng,
                "[Please|You can] {advice}, [see the documentation|details in the docs].",
                advice=advice,
            )
        else:
            answer = spin(
                rng,
                "[Thanks for asking|Happy to help], {who}. [First open the settings|Start in the settings], "
                "then {advice}. [Save at the end|Confirm with save]. [Did that help|Does it work now]?",
                who=who.split()[0],
                advice=advice,
            )
        prompt = (RESPONDER_2 if new else RESPONDER_1).format(who=who, day=long_date(day(rng)))
        with work.turn():
            work.run("classifier", CLASSIFIER, message, label)
            work.run("responder", prompt, f"Topic: {label}\n{message}", answer)
        return wrong

    marks = (
        "config.prompt",
        "handoff.length",
        "handoff.names",
        "term:",
        "run.tokens",
        "run.latency",
    )
    truth = Truth((Fault("responder", marks, "a new prompt version"),), ("classifier",))
    shape = Shape("helpdesk", "agents", "POST /tickets", users=90)
    return build("helpdesk", seed, 300, truth, THUMBS_BOTH_WAYS, shape, script)


PARTS = bank("pump|valve|motor|display|hinge|sensor|filter|belt")
NORMALIZER = "Normalize the warranty claim: one line with all serial numbers and the fault."
LOOKUP = "Look up the warranty of each serial number."
DECIDER = "Decide on the claim in one sentence."


def warranty(seed: int) -> Application:
    """Temporal activities; the normalizer loses serial numbers of long claims. Retries mean nothing."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        serials = [
            f"SN{rng.randrange(10**7):07d}{rng.choice('KLMX')}" for _ in range(rng.randint(1, 5))
        ]
        wrong = len(serials) >= 3 and rng.random() < 0.65
        part = rng.choice(PARTS)
        claim = spin(
            rng,
            "[Claim|Warranty claim] of {who}: the {part} [fails|stopped working|leaks] in the units {serials}. "
            "[Bought|Delivered] {day}.",
            who=person(rng),
            part=part,
            serials=" and ".join(serials),
            day=long_date(day(rng)),
        )
        kept = serials[:1] if wrong else serials
        line = spin(rng, "[fault|defect]: {part}; units: {kept}", part=part, kept=", ".join(kept))
        looked = "\n".join(
            f"{s}: {rng.choice(('in warranty', 'covered until next year'))}" for s in kept
        )
        decision = spin(
            rng, "[Accepted|The claim is granted|We repair] for {kept}.", kept=", ".join(kept)
        )
        steps = (
            ("normalizer", NORMALIZER, claim, line),
            ("warranty-lookup", LOOKUP, line, looked),
            ("decider", DECIDER, looked, decision),
        )
        run_id = f"{rng.getrandbits(64):016x}"
        ids = {"temporalWorkflowID": f"claim/{work.session_id}", "temporalRunID": run_id}
        with work.span("RunWorkflow:WarrantyWorkflow", ids, kind=2):
            for at, (agent, prompt, asked, answer) in enumerate(steps, 1):
                here = {**ids, "temporalActivityID": str(at), "temporal.activity_type": agent}
                n_failed = rng.choice((0, 0, 1, 2)) if agent == "warranty-lookup" else 0
                for attempt in range(1, n_failed + 2):
                    lost = attempt <= n_failed
                    attributes = {**here, "temporal.attempt": attempt}
                    error = "lookup service unavailable" if lost else None
                    with work.span(f"RunActivity:{agent}", attributes, kind=2, error=error):
                        if not lost:
                            work.run(agent, prompt, asked, answer)
                    work.wait(1)
        return wrong

    truth = Truth(
        (
            Fault(
                "normalizer", ("handoff.identifiers", "handoff.numbers"), "serial numbers are lost"
            ),
        ),
        ("warranty-lookup", "decider"),
        "half of the lookups are retried, in right and wrong sessions alike",
    )
    shape = Shape("warranty-worker", "chats", None)
    return build("warranty", seed, 240, truth, THUMBS, shape, script)
