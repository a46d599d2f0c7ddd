"""`delete`: a session, or all sessions of a user, with every copy that was made of them.

In: an id; the database of the settings. Out: what was removed, by kind. Next: a running receiver drops
their spans if they are sent again, workers aggregate the agents anew.

The command works on the database itself, beside running processes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from exporter.cli import loading
from exporter.cli.client import fail
from exporter.cli.options import AnyProject
from exporter.redact import Redactor
from exporter.redact_rules import RedactSettings
from pipeline.config import Config
from pipeline.conventions.quotes import as_text
from pipeline.conventions.session_facts import USER_KEYS
from pipeline.errors import SidecarError
from pipeline.model.removal import Removed, SessionSize
from pipeline.model.span import Span
from pipeline.store import Store

SHOWN = 10
Database = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of all state (default: .kelet).", show_default=False),
]
File = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(delete)


def delete(
    session: Annotated[str | None, typer.Option("--session", "-s", help="Its id.")] = None,
    user: Annotated[str | None, typer.Option("--user", "-u", help="The user's id.")] = None,
    project: AnyProject = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: Database = None,
    config: File = None,
) -> None:
    """Remove a session, or a user's sessions, for good: spans, signals, results, quotes in findings."""
    if (session is None) == (user is None):
        fail("name what to delete: --session ID or --user ID", loading.USAGE_ERROR)
    loading.apply({"data_dir": data_dir}, config)
    settings = loading.load()
    try:
        with Store.open(settings.database_url) as store:
            if session is not None:
                found = store.find_sessions(session, project)
            else:
                found = _of_user(store, settings, user or "", project)
            _delete(store, found or _traces_of_gone(session, project), yes=yes)
    except SidecarError as error:
        fail(str(error))


def _of_user(
    store: Store, settings: Config, user: str, project: str | None
) -> tuple[SessionSize, ...]:
    """A user's id may have been redacted before it was stored."""
    found: dict[tuple[str, str], SessionSize] = {}
    for name in dict.fromkeys((user, Redactor(RedactSettings.of(settings)).redact_user(user))):
        # A number is not stored as its digits, so every span must be looked at.
        needle = b"" if name.lstrip("-").isdigit() else name.encode()
        for one in store.find_sessions_that_say(names_user(name), needle, project):
            found[one.project, one.session_id] = one
    return tuple(found[key] for key in sorted(found))


def names_user(user: str) -> Callable[[Span], bool]:
    """Whether a span, or what emitted it, names the user."""

    def says(span: Span) -> bool:
        said = (of.get(key) for of in (span.attributes, span.resource) for key in USER_KEYS)
        return any(value is not None and as_text(value) == user for value in said)

    return says


def _traces_of_gone(session: str | None, project: str | None) -> tuple[SessionSize, ...]:
    """A session that is gone may have left quotes behind, where its project is known."""
    if session is None or project is None:
        return ()
    return (SessionSize(project=project, session_id=session, n_spans=0),)


def _delete(store: Store, found: Sequence[SessionSize], *, yes: bool) -> None:
    if not found:
        typer.echo("nothing to delete: no such session is stored", err=True)
        return
    for one in found[:SHOWN]:
        typer.echo(f"{one.project}  {one.session_id}  {one.n_spans} spans", err=True)
    if len(found) > SHOWN:
        typer.echo(f"... and {len(found) - SHOWN} more", err=True)
    if not yes and not typer.confirm(f"Delete {len(found)} sessions for good?", err=True):
        raise typer.Exit(1)
    removed = store.forget_sessions(found)
    freed = store.reclaim()
    _print(removed, freed)


def _print(removed: Removed, freed: int) -> None:
    lines = (
        ("sessions", removed.n_sessions),
        ("spans", removed.n_spans),
        ("signals", removed.n_signals),
        ("analysis results", removed.n_rows),
        ("findings from which quotes were taken", removed.n_quoting),
        ("bytes given back on disk", freed),
    )
    for name, n in lines:
        typer.echo(f"{n:>12,}  {name}")
