"""`keys create | list | revoke`: who may send and look.

In: options; the database of the settings. Out: a key on stdout, once; a table. Next: a running receiver
asks for keys within seconds of the first, and refuses a revoked one within seconds.

The commands work on the database itself: who can write there needs no key.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from exporter.cli import loading
from exporter.cli.client import fail
from exporter.cli.data_dir import make_folder
from exporter.cli.options import Format, OutputFormat
from exporter.decode import id_fault
from exporter.keys import new_key
from pipeline.errors import SidecarError
from pipeline.model.api_key import ApiKey
from pipeline.store import Store

Database = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of all state (default: .kelet).", show_default=False),
]
File = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings.", show_default=False)
]

group = typer.Typer(name="keys", help="Keys that admit senders and readers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group)


@group.command()
def create(
    project: Annotated[
        list[str] | None,
        typer.Option("--project", "-p", help="A project it is for; may be repeated."),
    ] = None,
    all_projects: Annotated[
        bool, typer.Option("--all-projects", help="It is for every project.")
    ] = False,
    publishable: Annotated[
        bool, typer.Option("--publishable", help="A pk- key: it may send signals, nothing else.")
    ] = False,
    name: Annotated[str, typer.Option("--name", help="What you call it.")] = "",
    tenant: Annotated[
        str,
        typer.Option(
            help="Keys of one tenant are one sender: repeated spans are known across them."
            " Default: keys with the same projects are.",
            show_default=False,
        ),
    ] = "",
    data_dir: Database = None,
    config: File = None,
) -> None:
    """Make a key and print it, this once. With the first one, keys are asked for everywhere."""
    projects = None if all_projects else tuple(project or ())
    if projects is not None and not projects:
        fail("name what the key is for: --project NAME, or --all-projects", loading.USAGE_ERROR)
    if all_projects and project:
        fail("--project and --all-projects exclude each other", loading.USAGE_ERROR)
    for given in projects or ():
        if fault := (id_fault("project", given) or ("" if given.strip() else "an empty project")):
            fail(f"the key has {fault}", loading.USAGE_ERROR)
    made = new_key(name, projects, secret=not publishable, tenant=tenant, now=datetime.now(UTC))
    with _store(data_dir, config) as store:
        store.add_api_key(made.kept)
    typer.echo(made.text)
    typer.echo(f"key {made.kept.id} for {_projects(made.kept)}; it is not shown again", err=True)


@group.command("list")
def list_keys(
    format_: Format = OutputFormat.TABLE, data_dir: Database = None, config: File = None
) -> None:
    """Show all keys but not the keys themselves, revoked ones too."""
    with _store(data_dir, config) as store:
        keys = store.api_keys()
    if format_ is OutputFormat.JSON:
        shown = [json.loads(key.model_dump_json(exclude={"digest"})) for key in keys]
        typer.echo(json.dumps(shown, indent=2))
        return
    table = Table("id", "name", "kind", "projects", "tenant", "created", "last used", "state")
    for key in keys:
        kind = "secret" if key.secret else "publishable"
        state = "revoked" if key.revoked else "active"
        times = [_moment(key.created), _moment(key.last_used)]
        table.add_row(key.id, key.name, kind, _projects(key), key.tenant, *times, state)
    Console().print(table)


@group.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")],
    data_dir: Database = None,
    config: File = None,
) -> None:
    """End a key for ever; running receivers refuse it within seconds."""
    with _store(data_dir, config) as store:
        store.revoke_api_key(key_id)
    typer.echo(f"key {key_id} is revoked", err=True)


@contextmanager
def _store(data_dir: Path | None, config: Path | None) -> Generator[Store]:
    loading.apply({"data_dir": data_dir}, config)
    settings = loading.load()
    try:
        make_folder(settings.data_dir)
        with Store.open(settings.database_url) as store:
            yield store
    except SidecarError as error:
        fail(str(error))


def _projects(key: ApiKey) -> str:
    return "all projects" if key.projects is None else ", ".join(key.projects)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
