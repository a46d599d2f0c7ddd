"""Commands that look into a running sidecar: coverage, sessions, clusters, findings.

In: the status service. Out: tables and pages on stdout, or JSON. Next: nothing; a person reads it.
"""

import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console, RenderableType

from exporter import status_json
from exporter.cli import options, render
from exporter.cli.client import StatusClient, status_client
from exporter.cli.render_finding import finding_page
from exporter.cli.render_session import cluster_page, session_page
from exporter.cli.render_text import plain
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.coverage import Coverage
from pipeline.model.finding import FindingState
from pipeline.model.session import SessionState
from pipeline.model.signal import VerdictLabel

T = TypeVar("T")

PIPE_WIDTH = 120
OutputFormat = options.OutputFormat

sessions = typer.Typer(help="Sessions: one unit of work each.", no_args_is_help=True)
clusters = typer.Typer(help="Clusters: what failing sessions share.", no_args_is_help=True)
findings = typer.Typer(help="Findings: named root causes with evidence.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the inspection commands to the root."""
    app.command()(coverage)
    app.add_typer(sessions, name="sessions")
    app.add_typer(clusters, name="clusters")
    app.add_typer(findings, name="findings")


def coverage(
    project: options.Project = options.DEFAULT_PROJECT,
    format: options.Format = OutputFormat.TABLE,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """What was received and what became of it: analysed, waiting, failed, skipped and why."""
    with status_client(endpoint) as client:
        found = client.coverage(project)
        if format is OutputFormat.JSON:
            print_json(status_json.coverage_json(found))
            return
        show(render.coverage_page(project, found))
        if not found.received:
            hint(_where_else(client, project))


@sessions.command("list")
def list_sessions(
    project: options.Project = options.DEFAULT_PROJECT,
    state: Annotated[SessionState | None, typer.Option(help="Only in this state.")] = None,
    verdict: Annotated[VerdictLabel | None, typer.Option(help="Only with this verdict.")] = None,
    limit: options.Limit = None,
    format: options.Format = OutputFormat.TABLE,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """List sessions with their verdicts."""
    with status_client(endpoint) as client:
        found = client.sessions(project, state=state, verdict=verdict, limit=limit)
        _listed(client, project, found, format, status_json.session_json, render.sessions_table)


@sessions.command("show")
def show_session(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="The session's id.")],
    project: options.Project = options.DEFAULT_PROJECT,
    format: options.Format = OutputFormat.TABLE,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """Show one session: votes, steps, traits, what may have gone wrong."""
    with status_client(endpoint) as client:
        found = client.session(project, session_id)
        _shown(found, format, status_json.view_json, session_page)


@clusters.command("list")
def list_clusters(
    project: options.Project = options.DEFAULT_PROJECT,
    agent: Annotated[str, typer.Option(help="Only of this agent.")] = "",
    gate: Annotated[GateState | None, typer.Option(help="Only with this answer.")] = None,
    limit: options.Limit = None,
    format: options.Format = OutputFormat.TABLE,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """List clusters, the most telling first, those below the gate too."""
    with status_client(endpoint) as client:
        every = client.clusters(project, agent=agent, gate=gate)
        found = sorted(every, key=_by_weight)[:limit]
        _listed(client, project, found, format, status_json.cluster_json, render.clusters_table)


@clusters.command("show")
def show_cluster(
    cluster_id: Annotated[str, typer.Argument(metavar="ID", help="The cluster's id.")],
    project: options.Project = options.DEFAULT_PROJECT,
    format: options.Format = OutputFormat.TABLE,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """Show one cluster: its rule, both rates, what the gate said."""
    with status_client(endpoint) as client:
        found = client.cluster(project, cluster_id)
        _shown(found, format, status_json.cluster_json, lambda c: cluster_page(c, named(endpoint)))


@findings.command("list")
def list_findings(
    project: options.Project = options.DEFAULT_PROJECT,
    state: Annotated[FindingState | None, typer.Option(help="Only in this state.")] = None,
    limit: options.Limit = None,
    format: options.Format = OutputFormat.TABLE,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """List findings."""
    with status_client(endpoint) as client:
        found = client.findings(project, state=state, limit=limit)
        _listed(client, project, found, format, status_json.finding_json, render.findings_table)


@findings.command("show")
def show_finding(
    finding_id: Annotated[str, typer.Argument(metavar="ID", help="The finding's id.")],
    project: options.Project = options.DEFAULT_PROJECT,
    format: options.Format = OutputFormat.TABLE,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """Show one finding: the cause, who is blamed and why, the quotes, the patch."""
    with status_client(endpoint) as client:
        found = client.finding(project, finding_id)
        _shown(found, format, status_json.finding_json, lambda f: finding_page(f, named(endpoint)))


def _by_weight(cluster: Cluster) -> tuple[bool, float, float, str]:
    return (cluster.gate is GateState.BELOW_GATE, cluster.q_value, cluster.p_value, cluster.id)


def _listed(
    client: StatusClient,
    project: str,
    found: Iterable[T],
    format: OutputFormat,
    to_json: Callable[[T], status_json.Json],
    to_table: Callable[[Iterable[T]], RenderableType],
) -> None:
    items = list(found)
    if format is OutputFormat.JSON:
        print_json([to_json(i) for i in items])
    elif items:
        show(to_table(items))
    if not items:
        hint(_why_empty(client, project))


def _shown(
    item: T,
    format: OutputFormat,
    to_json: Callable[[T], status_json.Json],
    to_page: Callable[[T], RenderableType],
) -> None:
    if format is OutputFormat.JSON:
        print_json(to_json(item))
    else:
        show(to_page(item))


def _why_empty(client: StatusClient, project: str) -> str:
    """Never "no issues" when nothing was looked at."""
    seen = client.coverage(project)
    return _what_was_seen(project, seen) if seen.received else _where_else(client, project)


def _what_was_seen(project: str, seen: Coverage) -> str:
    return (
        f"Nothing that matches in {plain(project)}: {seen.received} sessions received,"
        f" {seen.analysed} analysed, {seen.waiting} waiting, {seen.failed} failed,"
        f" {sum(seen.skipped.values())} skipped."
    )


def _where_else(client: StatusClient, project: str) -> str:
    projects = client.projects()
    if not projects:
        return f"{plain(project)} has received nothing, nor has any other project yet."
    others = ", ".join(plain(p) for p in projects)
    return f"{plain(project)} has received nothing. Projects that have: {others} (use --project)."


def named(endpoint: str) -> str | None:
    """The endpoint when the next command must name it."""
    return None if endpoint == options.DEFAULT_ENDPOINT else endpoint


def print_json(value: Any) -> None:
    """On stdout, for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show(page: RenderableType) -> None:
    """On stdout, for a person; wide enough to read when it goes into a pipe."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPE_WIDTH)
    console.print(page)


def hint(message: str) -> None:
    """On stderr, so that stdout stays what was asked for."""
    typer.echo(message, err=True)
