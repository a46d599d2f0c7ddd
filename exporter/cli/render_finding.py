"""The page of a finding, written for the person who has to act on it.

In: a `Finding`. Out: a rich page: what, why, who, how sure, the quotes, the patch, what to do next.
Next: `findings show` and the example's demo print it.
"""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from exporter.cli.render_text import (
    bullets,
    command,
    moment_text,
    p_words,
    plain,
    q_words,
    quoted,
    rate_line,
    section,
    sources_words,
)
from pipeline.model.cluster import Rate
from pipeline.model.evidence import Evidence
from pipeline.model.finding import (
    Basis,
    Finding,
    FindingState,
    ModelExplanation,
    PromptPatch,
    RivalCause,
)

STATE_STYLES = {
    FindingState.OPEN: "red",
    FindingState.UNCONFIRMED: "yellow",
    FindingState.NO_SEPARATING_CAUSE: "cyan",
    FindingState.RESOLVED: "green",
    FindingState.DISMISSED: "dim",
}
STATE_WORDS = {
    FindingState.OPEN: "a cause is named and waits for somebody",
    FindingState.UNCONFIRMED: "not sure yet: what calls these sessions failing is too weak",
    FindingState.NO_SEPARATING_CAUSE: "a real group of failures, but no cause sets it apart",
    FindingState.RESOLVED: "fixed",
    FindingState.DISMISSED: "put aside",
}
BASIS_WORDS = {
    Basis.CONDITIONAL: (
        "Among sessions with the same input from outside, this is the first step along the data"
        " flow whose output differs between failing and healthy sessions. The steps before it look"
        " alike in both."
    ),
    Basis.HANDOFF: (
        "This is the first step along the data flow that received its input intact and passed on"
        " something damaged. The input alone decides which sessions fail, so equal inputs with"
        " different ends cannot be compared: the evidence is consistent with this step being the"
        " cause."
    ),
    Basis.NONE: "No step along the data flow can be blamed.",
}
MAX_QUOTE = 700
MAX_EXAMPLES = 2


def finding_page(finding: Finding, endpoint: str | None = None) -> Group:
    """The whole page; `endpoint` goes into the next commands when it is not the usual one."""
    return Group(_head(finding), Text(), *_sections(finding), _next(finding, endpoint))


def _head(finding: Finding) -> Panel:
    style = STATE_STYLES[finding.state]
    state = finding.state.replace("_", " ")
    return Panel(
        Text(plain(finding.title), style="bold"),
        title=Text(f" {state}: {STATE_WORDS[finding.state]} ", style=style),
        subtitle=Text(f" finding {finding.id} · {plain(finding.project)} ", style="dim"),
        title_align="left",
        subtitle_align="left",
        border_style=style,
        padding=(1, 2),
    )


def _sections(finding: Finding) -> Iterator[RenderableType]:
    yield section("Root cause", *_cause(finding))
    yield section("Who", *_blame(finding))
    yield section("How many sessions show it", *_rates(finding))
    yield section("How sure", *_certainty(finding))
    if finding.evidence:
        yield section(_evidence_heading(finding.evidence), *_quotes(finding.evidence))
    if finding.healthy_evidence:
        yield section("For comparison, healthy sessions", *_quotes(finding.healthy_evidence))
    if finding.tried:
        named = finding.blamed_agent is not None
        yield section(
            "Tried and ruled out" if named else "What was tried", *bullets(finding.tried, "✗")
        )
    yield section("Prompt patch", *_patch(finding))
    if finding.explanation is not None:
        yield section("What the model adds", *_explanation(finding.explanation))


def _cause(finding: Finding) -> Iterator[Text]:
    yield Text(plain(finding.root_cause))
    if finding.trigger:
        yield Text("Set off by: ", style="dim").append(plain(finding.trigger), style="default")


def _blame(finding: Finding) -> Iterator[Text]:
    if finding.blamed_agent is None:
        yield Text("Nobody is blamed.", style="bold")
    else:
        line = Text("Blamed: ").append(plain(finding.blamed_agent), style="bold red")
        line.append(f" at {plain(finding.blamed_step)}" if finding.blamed_step else "")
        yield line.append(f", by {plain(finding.feature)}" if finding.feature else "")
    if finding.surfaced_agent != finding.blamed_agent:
        yield Text("Shows at: ").append(plain(finding.surfaced_agent), style="bold")
    yield Text(BASIS_WORDS[finding.basis], style="dim")


def _rates(finding: Finding) -> Iterator[Text]:
    healthy = finding.healthy
    parts = f"{healthy.confirmed_n} confirmed, {healthy.presumed_n} presumed"
    yield rate_line("failing", finding.failing, "red")
    yield rate_line("healthy", healthy, "green", parts)
    called = sources_words(finding.verdict_sources)
    yield Text(
        f"{finding.n_sessions} sessions in all. Shaded: 95 % interval. Called failing by {called}.",
        style="dim",
    )


def _certainty(finding: Finding) -> Iterator[Text]:
    yield Text(p_words(finding.p_value, finding.n_tests))
    yield Text(q_words(finding.q_value))


def _evidence_heading(evidence: Sequence[Evidence]) -> str:
    n_verified = sum(e.verified for e in evidence)
    return f"Evidence, {n_verified} of {len(evidence)} quotes verified in the store"


def _quotes(evidence: Sequence[Evidence]) -> Iterator[RenderableType]:
    for item in evidence:
        mark = ("✓ ", "green") if item.verified else ("✗ unverified ", "red")
        place = f"{plain(item.session_id)} · span {item.span_id} · {plain(item.field)}"
        yield Text.assemble(mark, (place, "dim"))
        yield Padding(_quote(item.quote), (0, 0, 1, 2))


def _quote(quote: str) -> Text:
    text = plain(quote)
    more = len(text) - MAX_QUOTE
    body = Text("“" + (text[:MAX_QUOTE] if more > 0 else text + "”"), style="italic")
    return body.append(f"… ({more} characters more)", style="dim") if more > 0 else body


def _patch(finding: Finding) -> Iterator[RenderableType]:
    patch = finding.prompt_patch
    if patch is None:
        reason = finding.prompt_patch_reason or "no reason was given"
        yield Text(f"None: {plain(reason)}")
        return
    yield (
        Text("For the system prompt of ")
        .append(plain(patch.agent), style="bold")
        .append(f" (sha256 {patch.system_prompt_hash[:12]})", style="dim")
    )
    yield diff_text(patch)


def _explanation(explanation: ModelExplanation) -> Iterator[RenderableType]:
    heading = f"{explanation.model}: verified {explanation.n_verified} of {explanation.n_claims}"
    yield Text(plain(heading), style="dim")
    if explanation.reason:
        yield Text(f"The statistics stand alone: {plain(explanation.reason)}.")
    if explanation.root_cause:
        yield Text(plain(explanation.root_cause))
    for step in explanation.mechanism:
        yield Text(plain(step.says))
        yield from _quotes([step.evidence])
    if explanation.rivals:
        yield Text("Rival causes, measured:", style="dim")
        yield from bullets([_rival(rival) for rival in explanation.rivals], "✗")
    if explanation.trial is not None:
        fixed, broken = explanation.trial.fixed, explanation.trial.broken
        yield Text(
            f"The patch, tried again: fixes {_share(fixed)}, breaks {_share(broken)} of what passed."
        )
        if explanation.trial_reason:
            yield Text(f"Not proposed: {plain(explanation.trial_reason)}.")
    elif explanation.trial_reason:
        yield Text(f"No trial: {plain(explanation.trial_reason)}.", style="dim")
    cost = f"{explanation.cost_usd:.4f} USD, {explanation.cost_tokens:,} tokens"
    yield Text(f"This diagnosis cost {cost}.", style="dim")


def _rival(rival: RivalCause) -> str:
    outcome = "separates too" if rival.separates else "does not separate"
    return (
        f"{rival.says} {rival.why_not} ({rival.agent}, {rival.feature}: "
        f"{rival.failing.k}/{rival.failing.n} failing, {rival.healthy.k}/{rival.healthy.n} healthy, "
        f"adjusted p {rival.p_value:.2g}, {outcome})"
    )


def _share(rate: Rate) -> str:
    return f"{rate.k} of {rate.n} [{rate.low:.0%} to {rate.high:.0%}]"


def diff_text(patch: PromptPatch) -> Text:
    """A unified diff with its lines coloured."""
    text = Text()
    for line in plain(patch.diff).splitlines():
        text.append(line + "\n", style=_diff_style(line))
    text.rstrip()
    return text


def _diff_style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")


def _next(finding: Finding, endpoint: str | None) -> Group:
    project = finding.project
    examples = dict.fromkeys(e.session_id for e in finding.evidence)
    shown = list(examples or dict.fromkeys(finding.session_ids))[:MAX_EXAMPLES]
    wanted = [
        *(["sessions", "show", quoted(s)] for s in shown),
        ["clusters", "show", finding.cluster_id],
        ["findings", "show", finding.id, "--format", "json"],
    ]
    lines = [Text(command(*w, project=project, endpoint=endpoint), style="cyan") for w in wanted]
    made = f"{finding.engine} {finding.engine_version}, {moment_text(finding.created_at)}"
    return Group(section("Next", *lines), Text(f"Found by {made}.", style="dim"))
