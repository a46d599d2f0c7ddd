"""Two applications of a law firm: dropped conditions, and obligations that turn into permissions.

In: a seed. Out: `contracts`, `obligations`. Next: `catalogue`.
"""

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


def contracts(seed: int) -> Application:
    """With conditions in the contract, some extractions leave them away."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        n_conditions = rng.choice((0, 0, 1, 2, 2, 3))
        duties = rng.sample(DUTIES, rng.randint(3, 5))
        wrong = n_conditions >= 1 and rng.random() < 0.45
        clauses: list[str] = []
        bullets: list[str] = []
        for at, (clause, bullet) in enumerate(duties):
            n, tail, short = rng.choice((5, 10, 14, 30, 45, 60, 90)), "", ""
            if at < n_conditions:
                long, brief = rng.choice(CONDITIONS)
                who = rng.choice(COMPANIES)
                tail = f", {long.format(who=who)}"
                short = "" if wrong else f", {brief.format(who=who)}"
            clauses.append(clause.format(n=n) + tail)
            bullets.append(f"- {bullet.format(n=n)}{short}")
        order = rng.sample(range(len(clauses)), len(clauses))
        text = "\n".join(
            f"{at + 1}. {clauses[i][0].upper()}{clauses[i][1:]}." for at, i in enumerate(order)
        )
        heading = spin(
            rng,
            "[Agreement between|Contract of|Terms between] {one} and {two}",
            one=rng.choice(COMPANIES),
            two=rng.choice(COMPANIES),
        )
        listed = "\n".join(bullets[i] for i in order)
        ratings = "\n".join(
            spin(
                rng,
                "{text}: [low|medium|high] risk, [usual for the trade|worth a second look|standard wording].",
                text=bullets[i][2:],
            )
            for i in order
        )
        work.run(
            "clause-extractor", EXTRACTOR.format(who=person(rng)), f"{heading}\n\n{text}", listed
        )
        work.run("risk-rater", RATER, f"Obligations\n{listed}", ratings)
        return wrong

    truth = Truth(
        (
            Fault(
                "clause-extractor", ("handoff.conditions",), "unless and provided that are dropped"
            ),
        ),
        ("risk-rater",),
    )
    shape = Shape("contract-review", "chats", None, split=True, model="mistral-large")
    return build("contracts", seed, 180, truth, REVIEWED, shape, script)


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


def obligations(seed: int) -> Application:
    """The polisher softens must to may; no number, name or negation is touched."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        wrong = rng.random() < 0.3
        duties = [
            f"{rng.choice(SUBJECTS)} {must.format(adv=rng.choice(('', 'always ', 'promptly ')))}"
            for must in rng.sample(MUSTS, rng.randint(3, 5))
        ]
        notes = spin(
            rng,
            "[Notes from the meeting|From the call|As discussed]: {duties}.",
            duties="; ".join(duty[0].lower() + duty[1:] for duty in duties),
        )
        draft = "\n".join(f"{n}. {duty}." for n, duty in enumerate(duties, 1))
        polished = "\n".join(
            spin(
                rng,
                "{n}. [{duty}|{duty} at all times|{duty} without delay|Further, {low}].",
                n=n,
                duty=duty,
                low=duty[0].lower() + duty[1:],
            )
            for n, duty in enumerate(
                (d.replace("must", rng.choice(("may", "can"))) if wrong else d for d in duties), 1
            )
        )
        with work.turn():
            work.run("drafter", DRAFTER, notes, draft)
            work.run("polisher", POLISHER.format(who=person(rng)), draft, polished)
        return wrong

    truth = Truth(
        (
            Fault(
                "polisher", ("term:", "handoff.additions", "handoff.conditions"), "must becomes may"
            ),
        ),
        ("drafter",),
        "only the words show it",
    )
    shape = Shape("drafting", "agents", "POST /drafts")
    return build("obligations", seed, 220, truth, REVIEWED, shape, script)
