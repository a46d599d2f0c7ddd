"""Coverage and the tables of sessions, clusters and findings.

In: models of the vocabulary. Out: rich renderables. Next: `inspect` prints them; single things have
pages of their own in `render_session`, `render_cluster` and `render_finding`.
"""

from collections.abc import Iterable

from rich.console import Group
from rich.table import Table
from rich.text import Text

from exporter.cli.render_finding import STATE_STYLES
from exporter.cli.render_text import number, percent, plain, rate_text, shorten, sources_words
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.coverage import Coverage
from pipeline.model.finding import Finding
from pipeline.model.session import Session, SessionState
from pipeline.model.signal import VerdictLabel

VERDICT_STYLES = {
    VerdictLabel.FAILING: "red",
    VerdictLabel.HEALTHY: "green",
    VerdictLabel.UNKNOWN: "dim",
}
SESSION_STYLES = {
    SessionState.WAITING: "yellow",
    SessionState.ANALYSED: "default",
    SessionState.SKIPPED: "dim",
    SessionState.FAILED: "red",
    SessionState.MERGED: "dim",
}
GATE_STYLES = {
    GateState.OPEN: "red",
    GateState.BELOW_GATE: "dim",
    GateState.UNCONFIRMED: "yellow",
}


def words(state: str) -> str:
    """An enum's value for a reader."""
    return state.replace("_", " ")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        numeric = column.startswith("#")
        table.add_column(column.removeprefix("#"), justify="right" if numeric else "left")
    return table


def coverage_page(project: str, coverage: Coverage) -> Group:
    """What was received and what became of it, adding up."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="left")
    table.add_column(justify="right", style="bold")
    table.add_column(style="dim")
    skipped = sum(coverage.skipped.values())
    table.add_row("received", str(coverage.received), "sessions")
    table.add_row("  analysed", str(coverage.analysed), _of_received(coverage.analysed, coverage))
    table.add_row("  waiting", str(coverage.waiting), "for silence or for the analysis")
    table.add_row("  failed", str(coverage.failed), "could not be analysed")
    table.add_row("  skipped", str(skipped), "left out, with a reason")
    for reason, count in sorted(coverage.skipped.items()):
        table.add_row(Text(f"    {plain(reason)}"), str(count), "")
    table.add_row("below the gate", str(coverage.below_gate), "analysed, in no confirmed cluster")
    table.add_row("signals waiting", str(coverage.waiting_for_spans), "for spans not seen yet")
    if coverage.waiting_for_budget:
        n = str(coverage.waiting_for_budget)
        table.add_row("diagnoses waiting", n, "for the model's budget of the next day")
    if coverage.other_agents:
        table.add_row("other agents", str(coverage.other_agents), "beyond max_agents_a_project")
    return Group(Text(f"Coverage of {plain(project)}", style="bold"), Text(), table)


def _of_received(count: int, coverage: Coverage) -> str:
    return percent(count / coverage.received) + " of received" if coverage.received else ""


def sessions_table(sessions: Iterable[Session]) -> Table:
    """One session a row."""
    table = _table("session", "verdict", "said by", "state", "#spans", "agents", "last seen (UTC)")
    for s in sessions:
        verdict = Text(s.verdict.label, style=VERDICT_STYLES[s.verdict.label])
        verdict.append(f" {percent(s.verdict.confidence)}", style="dim")
        table.add_row(
            Text(plain(s.session_id), overflow="fold"),
            verdict,
            sources_words(s.verdict.sources) if s.verdict.sources else "",
            Text(state_text(s), style=SESSION_STYLES[s.state]),
            str(s.n_spans),
            Text(shorten(", ".join(s.agents), 60)),
            f"{s.last_seen:%Y-%m-%d %H:%M:%S}",
        )
    return table


def state_text(session: Session) -> str:
    """The state, with its reason when there is one."""
    return f"{session.state}: {plain(session.reason)}" if session.reason else session.state


def clusters_table(clusters: Iterable[Cluster]) -> Table:
    """One cluster a row."""
    table = _table("cluster", "agent", "gate", "#failing", "#healthy", "#q", "what it says")
    for c in clusters:
        table.add_row(
            Text(c.id, overflow="fold"),
            Text(shorten(c.agent, 40)),
            Text(words(c.gate), style=GATE_STYLES[c.gate]),
            rate_text(c.failing),
            rate_text(c.healthy),
            number(c.q_value),
            Text(shorten(c.label, 120), style="dim" if c.noise else "default"),
        )
    return table


def findings_table(findings: Iterable[Finding]) -> Table:
    """One finding a row."""
    table = _table("finding", "state", "blamed", "#failing", "#healthy", "#q", "title")
    for f in findings:
        table.add_row(
            Text(f.id, overflow="fold"),
            Text(words(f.state), style=STATE_STYLES[f.state]),
            Text(shorten(f.blamed_agent, 40)) if f.blamed_agent else Text("nobody", style="dim"),
            rate_text(f.failing),
            rate_text(f.healthy),
            number(f.q_value),
            Text(shorten(f.title, 140)),
        )
    return table
