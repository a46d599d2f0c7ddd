"""Two applications of a law firm: dropped conditions, and obligations that turn into permissions.

In: a seed. Out: `contracts`, `obligations`. Next: `catalogue`.
"""

from random import Random

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import COMPANIES, bank, person, spin
from tests.scenarios.held_out.tracing import Recorder, Shape
from tests.scenarios.held_out.truth import REVIEWED, Application, Fault, Truth

DUTIES = (
    ("the Supplier shall deliver the goods within {n} days", "Supplier delivers within {n} days"),
    (
        "either party may terminate this agreement with {n} days of notice",
        "termination on {n} days of notice",
    ),
    ("the Licensee shall pay a late fee of {n} percent", "late fee of {n} percent"),
    (
        "the Contractor bears the cost of repairs up to {n} hours",
        "Contractor bears repairs up to {n} hours",
    ),
    (
        "confidential material is returned after {n} days",
        "confidential material back after {n} days",
    ),
    ("the Customer may withhold {n} percent of the price", "Customer may withhold {n} percent"),
    ("the warranty lasts {n} months", "warranty of {n} months"),
)
CONDITIONS = (
    ("unless {who} has agreed otherwise in writing", "unless {who} agreed otherwise"),
    ("provided that notice was given to {who}", "provided that {who} was notified"),
    ("only if the fault lies with {who}", "only if {who} is at fault"),
    ("except in case of gross negligence", "except for gross negligence"),
    ("if the delay exceeds the agreed period", "if the delay exceeds the period"),
    ("unless the order is cancelled in time", "unless cancelled in time"),
)
EXTRACTOR = """You extract the obligations of a contract for {who}.
Write one bullet an obligation, in plain words."""
RATER = "You rate the risk of extracted obligations as low, medium or high, each with a reason."
HEADING = "[Agreement between|Contract of|Terms between] {one} and {two}"
RATING = (
    "{text}: [low|medium|high] risk, [usual for the trade|worth a second look|standard wording]."
)


def contracts(seed: int) -> Application:
    """With conditions in the contract, some extractions leave them away."""
    truth = Truth(
        (
            Fault(
                "clause-extractor", ("handoff.conditions",), "unless and provided that are dropped"
            ),
        ),
        ("risk-rater",),
    )
    shape = Shape("contract-review", "chats", None, split=True, model="mistral-large")
    return build("contracts", seed, 180, truth, REVIEWED, shape, _extract)


def _extract(work: Recorder, _index: int) -> bool:
    rng = work.rng
    n_conditions = rng.choice((0, 0, 1, 2, 2, 3))
    duties = rng.sample(DUTIES, rng.randint(3, 5))
    wrong = n_conditions >= 1 and rng.random() < 0.45
    pairs = [
        _clause(rng, duty, conditional=at < n_conditions, wrong=wrong)
        for at, duty in enumerate(duties)
    ]
    pairs = [pairs[i] for i in rng.sample(range(len(pairs)), len(pairs))]
    text = "\n".join(f"{n}. {long[0].upper()}{long[1:]}." for n, (long, _) in enumerate(pairs, 1))
    heading = spin(rng, HEADING, one=rng.choice(COMPANIES), two=rng.choice(COMPANIES))
    listed = "\n".join(f"- {brief}" for _, brief in pairs)
    ratings = "\n".join(spin(rng, RATING, text=brief) for _, brief in pairs)
    told = EXTRACTOR.format(who=person(rng))
    work.run("clause-extractor", told, f"{heading}\n\n{text}", listed)
    work.run("risk-rater", RATER, f"Obligations\n{listed}", ratings)
    return wrong


def _clause(
    rng: Random, duty: tuple[str, str], *, conditional: bool, wrong: bool
) -> tuple[str, str]:
    """As the contract has it and as the extractor notes it, without its condition when wrong."""
    n = rng.choice((5, 10, 14, 30, 45, 60, 90))
    long, brief = (text.format(n=n) for text in duty)
    if conditional:
        condition, short = rng.choice(CONDITIONS)
        who = rng.choice(COMPANIES)
        long += f", {condition.format(who=who)}"
        brief += "" if wrong else f", {short.format(who=who)}"
    return long, brief


SUBJECTS = bank("The tenant|The landlord|The agent|The buyer|The seller|The auditor|The carrier")
MUSTS = (
    "must {adv}keep the premises insured",
    "must {adv}inform the other side of defects",
    "must {adv}store the keys in the safe",
    "must {adv}sign every change",
    "must {adv}report losses to the police",
    "must {adv}settle the deposit on completion",
    "must {adv}hand over the records",
)
DRAFTER = "Draft the duties from the notes as numbered sentences."
POLISHER = "Polish the draft so that it reads well. Keep the meaning. Client: {who}."
MEETING = "[Notes from the meeting|From the call|As discussed]: {duties}."
POLISHED = "{n}. [{duty}|{duty} at all times|{duty} without delay|Further, {low}]."


def obligations(seed: int) -> Application:
    """The polisher softens must to may; no number, name or negation is touched."""
    marks = ("term:", "handoff.additions", "handoff.conditions")
    truth = Truth(
        (Fault("polisher", marks, "must becomes may"),), ("drafter",), "only the words show it"
    )
    shape = Shape("drafting", "agents", "POST /drafts")
    return build("obligations", seed, 220, truth, REVIEWED, shape, _draft)


def _draft(work: Recorder, _index: int) -> bool:
    rng = work.rng
    wrong = rng.random() < 0.3
    duties = [
        f"{rng.choice(SUBJECTS)} {must.format(adv=rng.choice(('', 'always ', 'promptly ')))}"
        for must in rng.sample(MUSTS, rng.randint(3, 5))
    ]
    notes = spin(rng, MEETING, duties="; ".join(_lower(duty) for duty in duties))
    draft = "\n".join(f"{n}. {duty}." for n, duty in enumerate(duties, 1))
    polished: list[str] = []
    for n, duty in enumerate(duties, 1):
        if wrong:
            duty = duty.replace("must", rng.choice(("may", "can")))
        polished.append(spin(rng, POLISHED, n=n, duty=duty, low=_lower(duty)))
    with work.turn():
        work.run("drafter", DRAFTER, notes, draft)
        work.run("polisher", POLISHER.format(who=person(rng)), draft, "\n".join(polished))
    return wrong


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
