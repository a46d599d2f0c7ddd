"""The catalogue: what is planted where, and by which names it may be found."""

from tests.scenarios import domains, faults
from tests.scenarios.applications import Agent, Application
from tests.scenarios.prose import transcript

RULES = "Keep every fact that matters to the next step.\nDo not invent anything."


def _prompt(role: str, rules: str = RULES) -> str:
    return f"You are the {role} of a pipeline of assistants.\n{rules}\nAnswer in plain English."


def _plain(name: str, role: str) -> Agent:
    return Agent(name, _prompt(role))


def _lossy(name: str, role: str) -> Agent:
    """Leaves facts out by nature, as summaries do; nobody minds."""
    return Agent(name, _prompt(role), loses=0.1)


FAULTY: tuple[Application, ...] = (
    Application(
        name="outage-timeline",
        domain=domains.OPERATIONS,
        agents=(
            Agent("log-collector", _prompt("collector"), verbatim=True),
            Agent(
                "timeline-writer",
                _prompt("timeline writer"),
                fault=faults.sometimes(0.75, faults.loses_order, triggered=True),
            ),
            _plain("cause-analyst", "analyst"),
        ),
        blamed=(("timeline-writer", ("handoff.order",)),),
        write_triggered=transcript,
    ),
    Application(
        name="dose-units",
        domain=domains.PHARMACY,
        agents=(
            _plain("intake", "intake clerk"),
            Agent(
                "dose-calculator",
                _prompt("calculator"),
                fault=faults.sometimes(0.25, faults.swaps_units),
            ),
            _plain("label-writer", "label writer"),
        ),
        blamed=(("dose-calculator", ("handoff.units",)),),
    ),
    Application(
        name="ledger-signs",
        domain=domains.LEDGER,
        agents=(
            Agent(
                "statement-reader",
                _prompt("reader"),
                fault=faults.sometimes(1.0, faults.drops_signs, triggered=True),
            ),
            _plain("ledger-poster", "poster"),
        ),
        blamed=(("statement-reader", ("handoff.signs", "handoff.numbers_changed")),),
        prepare=faults.with_negatives,
        n_sessions=200,
    ),
    Application(
        name="lease-negations",
        domain=domains.CONTRACTS,
        agents=(
            _plain("scan-cleaner", "cleaner"),
            Agent(
                "clause-extractor",
                _prompt("extractor"),
                fault=faults.sometimes(0.7, faults.drops_negations, triggered=True),
            ),
            _plain("risk-rater", "rater"),
            _plain("memo-writer", "writer"),
        ),
        blamed=(("clause-extractor", ("handoff.negations",)),),
        prepare=faults.with_negations,
        trigger_share=0.4,
    ),
    Application(
        name="freight-references",
        domain=domains.FREIGHT,
        agents=(
            Agent(
                "order-parser",
                _prompt("parser"),
                fault=faults.sometimes(1.0, faults.cuts_references, triggered=True),
            ),
            Agent("tracker", _prompt("tracker"), work=faults.calls("track", "reference")),
            _plain("customer-mailer", "mailer"),
        ),
        blamed=(("order-parser", ("handoff.identifiers",)),),
        prepare=faults.with_long_references,
        n_sessions=180,
    ),
    Application(
        name="trip-hidden-error",
        domain=domains.TRAVEL,
        agents=(
            _plain("planner", "planner"),
            Agent("booker", _prompt("booker"), work=faults.calls("book", "reference", 0.35, 0.75)),
            _plain("confirmation-writer", "writer"),
        ),
        blamed=(("booker", ("handoff.hidden_error", "run.tool_error_text")),),
        n_users=60,
    ),
    Application(
        name="lease-prompt-regression",
        domain=domains.CONTRACTS,
        agents=(
            _plain("splitter", "splitter"),
            Agent(
                "rule-keeper",
                _prompt("keeper", RULES + "\nKeep conditions and exceptions word for word."),
                fault=faults.regresses(
                    150,
                    _prompt("keeper", RULES + "\nBe brief and friendly."),
                    faults.sometimes(0.8, faults.drops_conditions),
                ),
            ),
            _plain("adviser", "adviser"),
        ),
        blamed=(("rule-keeper", ("config.prompt", "handoff.conditions")),),
        prepare=faults.with_conditions,
        trigger_share=0.9,
    ),
    Application(
        name="survey-model-regression",
        domain=domains.RESEARCH,
        agents=(
            _plain("gatherer", "gatherer"),
            Agent(
                "tabulator",
                _prompt("tabulator"),
                fault=faults.on_model(
                    "orion-2-mini", 0.35, faults.sometimes(0.85, faults.swaps_digits)
                ),
            ),
            _plain("reporter", "reporter"),
        ),
        blamed=(("tabulator", ("config.model", "handoff.numbers_changed")),),
    ),
    Application(
        name="search-loop",
        domain=domains.RESEARCH,
        agents=(
            Agent(
                "searcher",
                _prompt("searcher"),
                work=faults.calls("search_papers", "query"),
                fault=faults.sometimes(0.25, faults.loops),
            ),
            _plain("writer", "writer"),
        ),
        blamed=(("searcher", ("run.loop",)),),
        n_sessions=150,
    ),
    Application(
        name="outage-truncation",
        domain=domains.OPERATIONS,
        agents=(
            _plain("reader", "reader"),
            Agent(
                "condenser",
                _prompt("condenser"),
                fault=faults.sometimes(0.28, faults.stops_early),
            ),
            _plain("dispatcher", "dispatcher"),
        ),
        blamed=(("condenser", ("run.truncated",)),),
        speaks=False,
    ),
    Application(
        name="ledger-digits",
        domain=domains.LEDGER,
        agents=(
            _plain("mail-reader", "reader"),
            _plain("classifier", "classifier"),
            Agent(
                "extractor", _prompt("extractor"), fault=faults.sometimes(0.3, faults.swaps_digits)
            ),
            _plain("checker", "checker"),
            _plain("poster", "poster"),
        ),
        blamed=(("extractor", ("handoff.numbers_changed",)),),
        n_sessions=300,
    ),
    Application(
        name="freight-inventions",
        domain=domains.FREIGHT,
        agents=(
            _plain("mail-reader", "reader"),
            Agent("adviser", _prompt("adviser"), fault=faults.sometimes(0.3, faults.invents)),
            _plain("approver", "approver"),
        ),
        blamed=(("adviser", ("handoff.additions", "term:added")),),
    ),
    Application(
        name="pharmacy-skipped-check",
        domain=domains.PHARMACY,
        agents=(
            _plain("intake", "intake clerk"),
            Agent(
                "stock-checker",
                _prompt("checker"),
                work=faults.calls("check_stock", "lot"),
                fault=faults.sometimes(0.3, faults.skips_tool),
            ),
            _plain("label-writer", "label writer"),
        ),
        blamed=(("stock-checker", ("run.no_tool", "run.tool", "run.n_tools")),),
    ),
    Application(
        name="travel-two-faults",
        domain=domains.TRAVEL,
        agents=(
            Agent(
                "note-taker",
                _prompt("note taker"),
                fault=faults.sometimes(0.8, faults.loses_order, triggered=True),
            ),
            Agent("booker", _prompt("booker"), work=faults.calls("book", "reference", 0.3, 0.8)),
            _plain("writer", "writer"),
        ),
        blamed=(
            ("note-taker", ("handoff.order",)),
            ("booker", ("handoff.hidden_error", "run.tool_error_text")),
        ),
        write_triggered=transcript,
        n_sessions=300,
    ),
    Application(
        name="coordinated-times",
        domain=domains.PHARMACY,
        agents=(
            _lossy("record-reader", "reader"),
            Agent(
                "chronicler",
                _prompt("chronicler"),
                fault=faults.sometimes(0.3, faults.shifts_times),
            ),
            _plain("adviser", "adviser"),
        ),
        blamed=(("chronicler", ("handoff.dates", "handoff.numbers_changed")),),
        coordinated=True,
        n_sessions=200,
    ),
    Application(
        name="coordinated-order",
        domain=domains.FREIGHT,
        agents=(
            Agent("mail-reader", _prompt("reader"), verbatim=True),
            Agent(
                "chronicler",
                _prompt("chronicler"),
                fault=faults.sometimes(1.0, faults.loses_order, triggered=True),
            ),
            _plain("router", "router"),
        ),
        blamed=(("chronicler", ("handoff.order",)),),
        write_triggered=transcript,
        coordinated=True,
    ),
    Application(
        name="small-and-lossy",
        domain=domains.LEDGER,
        agents=(
            _lossy("reader", "reader"),
            Agent(
                "converter",
                _prompt("converter"),
                fault=faults.sometimes(0.9, faults.swaps_units, triggered=True),
                loses=0.08,
            ),
            _lossy("poster", "poster"),
        ),
        blamed=(("converter", ("handoff.units",)),),
        write_triggered=transcript,
        trigger_share=0.25,
        n_sessions=120,
    ),
    Application(
        name="late-fault-lossy-start",
        domain=domains.CONTRACTS,
        agents=(
            _lossy("intake", "intake clerk"),
            _lossy("condenser", "condenser"),
            Agent(
                "letter-writer",
                _prompt("writer"),
                fault=faults.sometimes(0.9, faults.drops_signs, triggered=True),
            ),
        ),
        blamed=(("letter-writer", ("handoff.signs", "handoff.numbers_changed")),),
        prepare=faults.with_negatives,
        n_sessions=160,
    ),
    Application(
        name="late-fault-long-input",
        domain=domains.FREIGHT,
        agents=(
            _lossy("intake", "intake clerk"),
            _lossy("condenser", "condenser"),
            Agent(
                "letter-writer",
                _prompt("writer"),
                fault=faults.sometimes(0.8, faults.swaps_digits, triggered=True),
            ),
        ),
        blamed=(("letter-writer", ("handoff.numbers_changed",)),),
        prepare=faults.with_more(domains.FREIGHT),
        n_sessions=240,
    ),
    Application(
        name="mid-fault-long-input",
        domain=domains.OPERATIONS,
        agents=(
            _lossy("collector", "collector"),
            Agent(
                "condenser",
                _prompt("condenser"),
                fault=faults.sometimes(1.0, faults.stops_early, triggered=True),
            ),
            Agent("checker", _prompt("checker"), work=faults.calls("lookup", "node", 0.1, 0.0)),
            _lossy("dispatcher", "dispatcher"),
        ),
        blamed=(("condenser", ("run.truncated",)),),
        prepare=faults.with_more(domains.OPERATIONS),
        n_sessions=240,
    ),
)

HEALTHY: tuple[Application, ...] = (
    Application(
        name="quiet-outages",
        domain=domains.OPERATIONS,
        agents=(_plain("reader", "reader"), _plain("analyst", "analyst")),
        write_triggered=transcript,
        thumbs_down_right=0.12,
    ),
    Application(
        name="grumpy-users",
        domain=domains.TRAVEL,
        agents=(
            _plain("planner", "planner"),
            Agent("booker", _prompt("booker"), work=faults.calls("book", "reference", 0.1, 0.0)),
            _plain("writer", "writer"),
        ),
        n_users=40,
        by_user=True,
    ),
    Application(
        name="hard-but-fine",
        domain=domains.LEDGER,
        agents=(
            _plain("reader", "reader"),
            Agent("checker", _prompt("checker"), work=faults.calls("lookup", "document")),
            _plain("poster", "poster"),
            _plain("mailer", "mailer"),
        ),
        prepare=faults.with_negatives,
        thumbs_down_right=0.25,
    ),
)
