"""Two applications of a finance department, JSON in and JSON out: separators and signs of amounts.

In: a seed. Out: `invoices`, `ledger`. Next: `catalogue`.
"""

import json
from random import Random
from typing import NamedTuple, TypedDict

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import COMPANIES, american, bank, day, european, person, spin
from tests.scenarios.held_out.tracing import Call, Recorder, Shape
from tests.scenarios.held_out.truth import REVIEWED, THUMBS, Application, Fault, Truth

GOODS = bank(
    "toner cartridges|annual maintenance|pallet hire|consulting|office chairs|cloud storage|"
    "spare filters|courier services|printed brochures|safety boots"
)
EXTRACTOR = """Extract the invoice in the e-mail as JSON.
Keys: vendor, invoice_no, positions (text, net), total, currency.
Amounts are plain numbers with a point before the cents.
Answer with JSON only."""
VALIDATOR = "Check that the invoice is complete. Answer with JSON: ok, missing, approved_total."
POSTER = "Post approved invoices to the ledger with the tool and confirm in one line."
BODY = (
    "[Dear team|Hello|Good day],\n[please find our invoice|attached is invoice|we bill with invoice] "
    "{number} [dated|of] {day}.\n{rows}\n[Total due|Amount payable|Sum]: {total} {sign}\n"
    "[Kind regards|Best|Thank you],\n{who}, {vendor}"
)


class Invoice(NamedTuple):
    """What is billed, and whether its amounts are written the European way."""

    vendor: str
    number: str
    rows: list[tuple[str, float]]
    sign: str
    foreign: bool

    @property
    def total(self) -> float:
        """The sum of all rows."""
        return sum(net for _, net in self.rows)


def invoices(seed: int) -> Application:
    """European amounts (1.234,50) are misread; it always happens to them, labels are complete."""
    truth = Truth(
        (Fault("invoice-extractor", ("handoff.numbers", "handoff.units"), "1.234,50 is misread"),),
        ("validator", "poster"),
    )
    shape = Shape("accounts-payable", "chats", "consume invoice-mail", model="mistral-medium")
    return build("invoices", seed, 200, truth, REVIEWED, shape, _bill)


def _bill(work: Recorder, _index: int) -> bool:
    rng = work.rng
    invoice = _invoice(rng)
    mail = _mail(rng, invoice)
    total = _read(invoice.total, invoice.foreign)
    extracted = {
        "vendor": invoice.vendor,
        "invoice_no": invoice.number,
        "positions": [{"text": t, "net": _read(net, invoice.foreign)} for t, net in invoice.rows],
        "total": total,
        "currency": None if invoice.foreign and rng.random() < 0.5 else invoice.sign,
    }
    with work.turn():
        work.run("invoice-extractor", EXTRACTOR, mail, json.dumps(extracted))
        check = {"ok": True, "missing": [], "approved_total": total}
        work.run("validator", VALIDATOR, json.dumps(extracted), json.dumps(check))
        entry = {"vendor": invoice.vendor, "invoice_no": invoice.number, "amount": total}
        call = Call("post_entry", entry, json.dumps({"status": "posted"}))
        given = json.dumps({"invoice": extracted, "check": check})
        done = f"Posted {invoice.number} of {invoice.vendor} with {total}."
        work.run("poster", POSTER, given, done, calls=[call])
    return invoice.foreign


def _invoice(rng: Random) -> Invoice:
    foreign = rng.random() < 0.28
    rows = [
        (rng.choice(GOODS), rng.randrange(20_00, 900_000) / 100) for _ in range(rng.randint(1, 3))
    ]
    sign, vendor = rng.choice(("EUR", "CHF") if foreign else ("USD",)), rng.choice(COMPANIES)
    number = f"{rng.choice('ABFK')}-{rng.randrange(10_000, 99_999)}"
    return Invoice(vendor, number, rows, sign, foreign)


def _mail(rng: Random, invoice: Invoice) -> str:
    write = european if invoice.foreign else american
    sign = invoice.sign
    body = spin(
        rng,
        BODY,
        number=invoice.number,
        day=day(rng).isoformat(),
        rows="\n".join(f"{text}: {write(net)} {sign}" for text, net in invoice.rows),
        total=write(invoice.total),
        sign=sign,
        who=person(rng),
        vendor=invoice.vendor,
    )
    sender = f"billing@{invoice.vendor.split()[0].lower()}.example"
    return json.dumps({"from": sender, "subject": f"Invoice {invoice.number}", "body": body})


def _read(amount: float, foreign: bool) -> float:
    """As the extractor reads it: a European point ends the units, a lone comma only groups them."""
    if not foreign:
        return round(amount, 2)
    written = european(amount)
    return float(written.split(",")[0]) if "." in written else float(written.replace(",", ""))


PURPOSES = bank(
    "office rent|client payment|payroll|refund to customer|insurance premium|interest received|"
    "equipment lease|marketing campaign|tax prepayment|license income"
)


class Booking(TypedDict):
    """One line of the statement, normalized."""

    date: str
    purpose: str
    amount: float


NORMALIZER = """Turn the bank statement into a JSON list with date, purpose and amount.
One object a line of the statement."""
CATEGORIZER = "Give every booking a category. Keep date and amount. Answer as a JSON list."
REPORTER = "Write the cash-flow report for {who}: what came in, what went out."
HEADS = ("date;purpose;amount", "booking date;text;value", "day;reason;sum")
CASH_FLOW = (
    "[In total|Altogether|Over the period] {income} came in and {costs} went out. "
    "[The largest booking was|Most notable is] {top}."
)


def ledger(seed: int) -> Application:
    """A trailing minus (1,200.00-) loses its sign; a leading one is kept."""
    marks = ("handoff.signs", "handoff.numbers_changed")
    truth = Truth(
        (Fault("statement-normalizer", marks, "-1200 becomes 1200"),),
        ("categorizer", "cashflow-reporter"),
    )
    shape = Shape("treasury", "agents", "job statement")
    return build("ledger", seed, 220, truth, THUMBS, shape, _balance)


def _balance(work: Recorder, _index: int) -> bool:
    rng = work.rng
    trailing = rng.random() < 0.3
    rows = [
        (day(rng).isoformat(), p, rng.randrange(80_00, 990_000) / 100 * rng.choice((1, -1, -1)))
        for p in rng.sample(PURPOSES, rng.randint(4, 7))
    ]
    shown = [f"{date};{purpose};{_show(amount, trailing)}" for date, purpose, amount in rows]
    statement = "\n".join([rng.choice(HEADS), *shown])
    kept: list[Booking] = [
        {"date": date, "purpose": purpose, "amount": round(abs(a) if trailing else a, 2)}
        for date, purpose, a in rows
    ]
    tagged = [{**row, "category": "income" if row["amount"] > 0 else "cost"} for row in kept]
    with work.turn():
        work.run("statement-normalizer", NORMALIZER, statement, json.dumps(kept))
        work.run("categorizer", CATEGORIZER, json.dumps(kept), json.dumps(tagged))
        report = _cash_flow(rng, kept)
        told = REPORTER.format(who=person(rng))
        work.run("cashflow-reporter", told, json.dumps(tagged), report)
    return trailing


def _show(amount: float, trailing: bool) -> str:
    if amount > 0:
        return american(amount)
    return f"{american(-amount)}-" if trailing else f"-{american(-amount)}"


def _cash_flow(rng: Random, bookings: list[Booking]) -> str:
    amounts = [row["amount"] for row in bookings]
    costs = sum(amount for amount in amounts if amount < 0)
    return spin(
        rng,
        CASH_FLOW,
        income=american(sum(amount for amount in amounts if amount > 0)),
        costs=american(-costs) if costs else "nothing",
        top=max(bookings, key=lambda row: abs(row["amount"]))["purpose"],
    )
