"""Two applications of a finance department, JSON in and JSON out: separators and signs of amounts.

In: a seed. Out: `invoices`, `ledger`. Next: `catalogue`.
"""

import json
from typing import TypedDict

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


def invoices(seed: int) -> Application:
    """European amounts (1.234,50) are misread; it always happens to them, labels are complete."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        foreign = rng.random() < 0.28
        write = european if foreign else american
        rows = [
            (rng.choice(GOODS), rng.randrange(20_00, 900_000) / 100)
            for _ in range(rng.randint(1, 3))
        ]
        total, sign = (
            sum(net for _, net in rows),
            rng.choice(("EUR", "CHF") if foreign else ("USD",)),
        )
        vendor, number = (
            rng.choice(COMPANIES),
            f"{rng.choice('ABFK')}-{rng.randrange(10_000, 99_999)}",
        )
        body = spin(
            rng,
            "[Dear team|Hello|Good day],\n[please find our invoice|attached is invoice|we bill with invoice] "
            "{number} [dated|of] {day}.\n{rows}\n[Total due|Amount payable|Sum]: {total} {sign}\n"
            "[Kind regards|Best|Thank you],\n{who}, {vendor}",
            number=number,
            day=day(rng).isoformat(),
            rows="\n".join(f"{text}: {write(net)} {sign}" for text, net in rows),
            total=write(total),
            sign=sign,
            who=person(rng),
            vendor=vendor,
        )
        mail = json.dumps(
            {
                "from": f"billing@{vendor.split()[0].lower()}.example",
                "subject": f"Invoice {number}",
                "body": body,
            }
        )

        def read(amount: float) -> float:
            if not foreign:
                return round(amount, 2)
            whole = european(amount)
            return float(whole.split(",")[0]) if "." in whole else float(whole.replace(",", ""))

        positions = [{"text": text, "net": read(net)} for text, net in rows]
        extracted = json.dumps(
            {
                "vendor": vendor,
                "invoice_no": number,
                "positions": positions,
                "total": read(total),
                "currency": None if foreign and rng.random() < 0.5 else sign,
            }
        )
        with work.turn():
            work.run("invoice-extractor", EXTRACTOR, mail, extracted)
            approved = json.dumps({"ok": True, "missing": [], "approved_total": read(total)})
            work.run("validator", VALIDATOR, extracted, approved)
            entry = {"vendor": vendor, "invoice_no": number, "amount": read(total)}
            work.run(
                "poster",
                POSTER,
                json.dumps({"invoice": json.loads(extracted), "check": json.loads(approved)}),
                f"Posted {number} of {vendor} with {read(total)}.",
                calls=[Call("post_entry", entry, json.dumps({"status": "posted"}))],
            )
        return foreign

    truth = Truth(
        (Fault("invoice-extractor", ("handoff.numbers", "handoff.units"), "1.234,50 is misread"),),
        ("validator", "poster"),
    )
    shape = Shape("accounts-payable", "chats", "consume invoice-mail", model="mistral-medium")
    return build("invoices", seed, 200, truth, REVIEWED, shape, script)


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


def ledger(seed: int) -> Application:
    """A trailing minus (1,200.00-) loses its sign; a leading one is kept."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        trailing = rng.random() < 0.3
        rows = [
            (day(rng).isoformat(), p, rng.randrange(80_00, 990_000) / 100 * rng.choice((1, -1, -1)))
            for p in rng.sample(PURPOSES, rng.randint(4, 7))
        ]

        def show(amount: float) -> str:
            if amount > 0:
                return american(amount)
            return f"{american(-amount)}-" if trailing else f"-{american(-amount)}"

        head = rng.choice(("date;purpose;amount", "booking date;text;value", "day;reason;sum"))
        statement = "\n".join([head, *(f"{d};{p};{show(a)}" for d, p, a in rows)])
        kept: list[Booking] = [
            {"date": d, "purpose": p, "amount": round(abs(a) if trailing else a, 2)}
            for d, p, a in rows
        ]
        with work.turn():
            work.run("statement-normalizer", NORMALIZER, statement, json.dumps(kept))
            tagged = json.dumps(
                [{**row, "category": "income" if row["amount"] > 0 else "cost"} for row in kept]
            )
            work.run("categorizer", CATEGORIZER, json.dumps(kept), tagged)
            income = sum(row["amount"] for row in kept if row["amount"] > 0)
            costs = sum(row["amount"] for row in kept if row["amount"] < 0)
            report = spin(
                rng,
                "[In total|Altogether|Over the period] {income} came in and {costs} went out. "
                "[The largest booking was|Most notable is] {top}.",
                income=american(income),
                costs=american(-costs) if costs else "nothing",
                top=max(kept, key=lambda row: abs(row["amount"]))["purpose"],
            )
            work.run("cashflow-reporter", REPORTER.format(who=person(rng)), tagged, report)
        return trailing

    truth = Truth(
        (
            Fault(
                "statement-normalizer",
                ("handoff.signs", "handoff.numbers_changed"),
                "-1200 becomes 1200",
            ),
        ),
        ("categorizer", "cashflow-reporter"),
    )
    shape = Shape("treasury", "agents", "job statement")
    return build("ledger", seed, 220, truth, THUMBS, shape, script)
