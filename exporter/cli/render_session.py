"""The pages of a session and of a cluster.

In: a `SessionView` or a `Cluster`. Out: rich pages. Next: `sessions show` and `clusters show` print
them.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporter.cli.render import GATE_STYLES, VERDICT_STYLES, state_text, words
from exporter.cli.render_text import (
    bullets,
    command,
    moment_text,
    number,
    percent,
    plain,
    quoted,
    rate_line,
    section,
    shorten,
    sources_words,
)
from exporter.status_convert import SessionView
from pipeline.model.cluster import Cluster, Condition, Proposal
from pipeline.model.detection import Detection
from pipeline.model.session import Candidate, Session, SessionState, StepOutline
from pipeline.model.signal import Signal, Vote

NOTHING_SEEN = {
    SessionState.WAITING: "Not analysed yet: `wait` returns when it is.",
    SessionState.ANALYSED: "Analysed, but no step of an agent was seen in it.",
    SessionState.SKIPPED: "Left out of the analysis, for the reason above. New spans are looked at again.",
    SessionState.FAILED: "The analysis failed; new spans or signals try it again.",
    SessionState.MERGED: "Its spans belong to another session now: a later span of their trace said so.",
}
MAX_LISTED = 20
MAX_PROPOSALS = 3
PASSAGE_CHARS = 160


def session_page(view: SessionView) -> Group:
    """A session: verdict, votes, steps, traits, what may have gone wrong."""
    return Group(
        _session_head(view.session), *_session_facts(view), Text(), *_session_sections(view)
    )


def _session_head(session: Session) -> Group:
    verdict = session.verdict
    line = Text(plain(session.session_id), style="bold").append(
        f"  {plain(session.project)}", style="dim"
    )
    said = Text(verdict.label, style=f"bold {VERDICT_STYLES[verdict.label]}")
    said.append(f", {percent(verdict.confidence)} sure, said by ", style="default")
    said.append(sources_words(verdict.sources), style="default")
    stands = f"{state_text(session)} · {session.n_spans} spans · version {session.version}"
    seen = f"received {moment_text(session.first_seen)} to {moment_text(session.last_seen)}"
    return Group(line, said, Text(f"{stands} · {seen}", style="dim"))


def _session_facts(view: SessionView) -> Iterator[Text]:
    """The user and the metadata that the application gave to the session."""
    facts = {**({"user": view.user} if view.user else {}), **view.metadata}
    if facts:
        said = " · ".join(f"{plain(name)} {plain(value)}" for name, value in facts.items())
        yield Text(said, style="dim")


def _session_sections(view: SessionView) -> Iterator[RenderableType]:
    if view.signals:
        yield section("Signals", *(_signal(s) for s in view.signals))
    if not view.steps and not view.traits:
        yield Text(NOTHING_SEEN[view.session.state], style="dim")
        return
    yield section("Steps, in the order of the data", _steps(view.steps))
    if view.votes:
        yield section("Votes", *(_vote(v) for v in view.votes))
    if view.traits:
        yield section("Traits", *_traits(view.traits))
    if view.hypotheses:
        heading = "What could be said of it, without sight of the verdict"
        yield section(heading, *_hypotheses(view.hypotheses))
    if view.proposals:
        yield section("What a model proposed of it", *_proposals(view.proposals))
    if view.cluster_ids:
        yield section("In clusters", Text(", ".join(view.cluster_ids)))


def _signal(signal: Signal) -> Text:
    said = (
        f"score {signal.score:g}" if signal.score is not None else shorten(signal.value or "", 80)
    )
    name = f" {plain(signal.trigger_name)}" if signal.trigger_name else ""
    return Text(f"{signal.source} {signal.kind}{name}: ").append(said or "no score", style="bold")


def _steps(steps: Sequence[StepOutline]) -> Table:
    table = _plain_table("", "agent", "step", "times", "input from")
    for s in steps:
        sources = [*(["outside"] if s.external else []), *s.upstream]
        table.add_row(
            str(s.order),
            Text(plain(s.agent)),
            Text(plain(s.step)),
            str(s.n_occurrences),
            Text(shorten(", ".join(sources), 100), style="dim"),
        )
    return table


def _vote(vote: Vote) -> Text:
    mark = ("✗ against", "red") if vote.negative else ("✓ in favour", "green")
    name = f"  {sources_words([vote.source])}: {plain(vote.name)}"
    return Text.assemble(mark, name, (f"  weight {vote.weight:.2g}", "dim"))


def _traits(traits: Sequence[Detection]) -> Iterator[RenderableType]:
    shown = sorted((t for t in traits if t.value), key=lambda t: (t.agent, t.step, t.name))
    table = _plain_table("trait", "#value", "agent", "step", "detail")
    for t in shown:
        table.add_row(
            Text(plain(t.name)),
            f"{t.value:.3g}",
            Text(shorten(t.agent, 40)),
            Text(shorten(t.step, 40)),
            Text(shorten(t.detail, PASSAGE_CHARS), style="dim"),
        )
    yield table
    if zero := len(traits) - len(shown):
        yield Text(f"and {zero} that are zero: --format json", style="dim")


def _hypotheses(candidates: Iterable[Candidate]) -> Iterator[Text]:
    for candidate in candidates:
        line = Text("· ").append(_statement(candidate))
        yield line.append(f"  {plain(', '.join(candidate.traits))}", style="dim")
        for passage in candidate.passages[:1]:
            quote = shorten(passage.text, PASSAGE_CHARS)
            place = f"  span {passage.span_id} · {plain(passage.field)}"
            yield Text(f"  “{quote}”", style="italic").append(place, style="dim")


def _proposals(proposals: Iterable[Proposal]) -> Iterator[Text]:
    """Words and quotes of a model; the rule is what was tested."""
    for proposal in proposals:
        about = f"  {plain(proposal.agent)}, what it {plain(proposal.about)}"
        yield Text("· ").append(plain(proposal.sentence)).append(about, style="dim")
        rule = " and ".join(_condition(c) for c in proposal.rule.conditions)
        yield Text(f"  where {plain(rule)}", style="dim")
        for e in proposal.evidence[:1]:
            place = f"  session {plain(e.session_id)} · span {e.span_id}"
            yield Text(f"  “{shorten(e.quote, PASSAGE_CHARS)}”", "italic").append(place, "dim")


def _statement(candidate: Candidate) -> str:
    sentence = plain(candidate.sentence)
    agent = plain(candidate.agent)
    return sentence if sentence.startswith(agent) else f"{agent}: {sentence}"


def cluster_page(cluster: Cluster, endpoint: str | None = None) -> Group:
    """A cluster: what it says, its rule, both rates, what the gate said and why."""
    head = Text(plain(cluster.label), style="bold")
    where = f"cluster {cluster.id} · {plain(cluster.project)} · agent {plain(cluster.agent)}"
    return Group(head, Text(where, style="dim"), Text(), *_cluster_sections(cluster, endpoint))


def _cluster_sections(cluster: Cluster, endpoint: str | None) -> Iterator[RenderableType]:
    if cluster.rule is not None:
        conditions = (_condition(c) for c in cluster.rule.conditions)
        yield section("A session belongs to it when", *bullets(conditions))
    yield section(
        "How often",
        rate_line("failing", cluster.failing, "red"),
        rate_line("healthy", cluster.healthy, "green"),
        Text(
            f"{cluster.n_hypotheses} hypotheses, {cluster.n_blocks} independent groups.",
            style="dim",
        ),
    )
    if cluster.proposals:
        heading = f"Proposed by a model, of {cluster.n_proposed} rules for this agent"
        yield section(heading, *_proposals(cluster.proposals[:MAX_PROPOSALS]))
    gate = Text(words(cluster.gate), style=f"bold {GATE_STYLES[cluster.gate]}")
    values = f"p = {number(cluster.p_value)}, q = {number(cluster.q_value)}"
    yield section("Gate", gate.append(f"  {plain(cluster.reason)}", "default"), Text(values, "dim"))
    if cluster.session_ids:
        yield section(f"Its {len(cluster.session_ids)} sessions", *_members(cluster))
        first = quoted(cluster.session_ids[0])
        show = command("sessions", "show", first, project=cluster.project, endpoint=endpoint)
        yield section("Next", Text(show, style="cyan"))


def _members(cluster: Cluster) -> list[Text]:
    more = len(cluster.session_ids) - MAX_LISTED
    listed = bullets(cluster.session_ids[:MAX_LISTED])
    return [*listed, Text(f"and {more} more: --format json", "dim")] if more > 0 else listed


def _condition(condition: Condition) -> str:
    bound = "below" if condition.below else "at least"
    said = f"{condition.trait} is {bound} {condition.threshold:.3g}"
    return f"{said} at {condition.agent}, {condition.step}"


def _plain_table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            column.removeprefix("#"), justify="right" if column.startswith("#") else "left"
        )
    return table
