"""Two applications of a clinic: a unit that changes on the way, and an order lost by the later agent.

In: a seed. Out: `triage`, `protocols`. Next: `catalogue`.
"""

from random import Random

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import listing, person, spin
from tests.scenarios.held_out.tracing import Call, Recorder, Shape
from tests.scenarios.held_out.truth import THUMBS, Application, Fault, Truth

MILLIGRAMS = (
    ("metformin", (500, 850, 1000)),
    ("lisinopril", (5, 10, 20)),
    ("ibuprofen", (200, 400, 600)),
    ("sertraline", (25, 50, 100)),
    ("amoxicillin", (250, 500)),
    ("atorvastatin", (10, 20, 40)),
    ("propranolol", (40, 80)),
)
MICROGRAMS = (
    ("levothyroxine", (25, 50, 75, 100)),
    ("digoxin", (125, 250)),
    ("salbutamol", (100, 200)),
)
COMPLAINTS = (
    "a dull headache behind the eyes",
    "dizziness when standing up",
    "a dry cough that keeps me awake",
    "burning after meals",
    "a racing heart at night",
    "swollen ankles in the evening",
    "itchy patches on both arms",
    "trouble falling asleep",
)
NURSE = """You are the intake nurse of the Harbour Street clinic.
Today is {day} and you are covering for {name}.
Write a short clinical note of what the patient says.
List every medicine with its dose and how often it is taken.
Keep to what the patient said."""
CHECKER = """You check doses against the formulary of the clinic.
Look up the highest daily dose of every medicine in the note.
Say whether each dose is within limits."""
WRITER = """You write the reply to the patient in plain words.
Repeat the medicines as they stand in the check, then give one piece of advice."""
Dose = tuple[str, int, str]
COMPLAINT = (
    "[Hi|Hello|Good morning], [this is|my name is] {who}. [For|Over] the last {weeks} weeks "
    "I have had {complaint}. [I take|My medicines are|At the moment I am on] {drugs}. "
    "[Should I worry?|Is that anything serious?|Can I keep taking everything?]"
)
NOTE = (
    "[Pt|Patient] {who}, {weeks} wk [history|hx] of {complaint}. "
    "[Current meds|Medication|Takes]: {meds}.[ No red flags reported.|]"
)
ADVICE = "[Drink enough water|Keep a diary|Book a visit if it gets worse]."


def triage(seed: int) -> Application:
    """The intake nurse writes mg as mcg, often when both units stand in one message."""
    truth = Truth(
        (Fault("intake-nurse", ("handoff.units",), "mg becomes mcg"),),
        ("dose-checker", "reply-writer"),
    )
    shape = Shape("clinic-triage", "agents_io", "POST /triage", users=180)
    return build("triage", seed, 260, truth, THUMBS, shape, _consult)


def _consult(work: Recorder, index: int) -> bool:
    rng = work.rng
    who, both = person(rng), rng.random() < 0.45
    drugs = _drugs(rng, both=both)
    wrong = both and rng.random() < 0.6
    complaint, weeks = rng.choice(COMPLAINTS), rng.randint(2, 9)
    taken = listing([f"{d} {n} {u} {_often(rng)}" for d, n, u in drugs])
    message = spin(rng, COMPLAINT, who=who, weeks=weeks, complaint=complaint, drugs=taken)
    noted = [(d, n, "mcg" if wrong else u) for d, n, u in drugs]
    doses = [f"{d} {n} {u}" for d, n, u in noted]
    complaint = complaint.replace(" me ", " the patient ")
    note = spin(rng, NOTE, who=who, weeks=weeks, complaint=complaint, meds="; ".join(doses))
    told = NURSE.format(day=f"2025-10-{1 + index % 28:02d}", name=person(rng))
    with work.turn():
        work.run("intake-nurse", told, message, note)
        verdicts = [
            f"{dose}: {rng.choice(('within limits', 'fine', 'acceptable'))}" for dose in doses
        ]
        calls = [_limit(d) for d, _, _ in noted]
        checked = work.run("dose-checker", CHECKER, note, "\n".join(verdicts), calls=calls)
        advice = spin(rng, ADVICE)
        reply = f"Thank you, {who.split()[0]}. {listing(doses)} fit. {advice}"
        work.run("reply-writer", WRITER, f"Note: {note}\nCheck:\n{checked}", reply)
    return wrong


def _drugs(rng: Random, *, both: bool) -> list[Dose]:
    drugs = [(d, rng.choice(n), "mg") for d, n in rng.sample(MILLIGRAMS, rng.randint(1, 3))]
    if both:
        drugs += [(d, rng.choice(n), "mcg") for d, n in rng.sample(MICROGRAMS, 1)]
    rng.shuffle(drugs)
    return drugs


def _limit(drug: str) -> Call:
    return Call(
        "formulary_limit", {"medicine": drug}, f"{drug}: see the limits of chapter {len(drug)}"
    )


def _often(rng: Random) -> str:
    return rng.choice(("every morning", "twice a day", "at night", "once daily", "with food"))


SAMPLES: tuple[str, ...] = ("the serum", "the plasma", "the control", "the tissue", "the standard")
ACTS = (
    ("spin {it} at low speed", "centrifuge {it}"),
    ("thaw {it} on ice", "let {it} thaw"),
    ("filter {it} through the fine membrane", "pass {it} through the membrane"),
    ("dilute {it} with buffer", "add buffer to {it}"),
    ("stain {it} in the dark", "put the dye on {it}"),
    ("incubate {it} under the hood", "leave {it} in the incubator"),
    ("wash {it} gently", "rinse {it}"),
    ("freeze {it} again", "return {it} to the freezer"),
    ("measure {it} in the reader", "read {it} in the plate reader"),
)
COLLECTOR = """You take down laboratory protocols that scientists dictate.
Write one line a step, in the order in which the work has to be done."""
PLANNER = """You turn a protocol into a plan for the bench.
Make it easy to read for the technician on duty, {name}.
Write full sentences."""
DICTATED = (
    "[So this is what we do|Please take this down|Here is the run]: first {steps}. "
    "[That is all|Done then|Nothing else]."
)


def protocols(seed: int) -> Application:
    """The collector keeps the order; the planner groups by sample and so loses it."""
    truth = Truth(
        (Fault("bench-planner", ("handoff.order",), "groups by sample"),),
        ("protocol-collector",),
        "a difficult input is passed on faithfully by the collector",
    )
    shape = Shape("bench-assistant", "agents", "POST /protocols")
    return build("protocols", seed, 240, truth, THUMBS, shape, _dictate)


def _dictate(work: Recorder, _index: int) -> bool:
    rng = work.rng
    mixed = rng.random() < 0.3
    samples = rng.sample(SAMPLES, 2)
    acts = rng.sample(ACTS, rng.randint(6, 8))
    side = [i % 2 if mixed else i * 2 // len(acts) for i in range(len(acts))]
    steps = [(act, samples[s]) for act, s in zip(acts, side, strict=True)]
    glue = f", {rng.choice(('then', 'after that', 'next'))} "
    dictated = spin(rng, DICTATED, steps=glue.join(a[0].format(it=it) for a, it in steps))
    lines = "\n".join(f"- {a[rng.random() < 0.3].format(it=it)}" for a, it in steps)
    planned = sorted(steps, key=lambda step: samples.index(step[1])) if mixed else steps
    plan = " ".join(
        spin(rng, "[Now|Then|Next] {what}.", what=a[rng.random() < 0.5].format(it=it))
        for a, it in planned
    )
    with work.turn():
        work.run("protocol-collector", COLLECTOR, dictated, lines)
        work.run("bench-planner", PLANNER.format(name=person(rng)), lines, plan)
    return mixed
