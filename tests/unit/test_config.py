"""Settings: durations as people write them, precedence, readable refusals, a reference that is true."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError
from typer.testing import CliRunner

from exporter.cli.config import markdown, register
from pipeline.config import FILE_VARIABLE, Config, Duration, format_duration, reference
from pipeline.errors import BadRequest
from pipeline.temporal.client import connect, runtime_of, tls_of

DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
REFERENCE_PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("30s", 30), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400), ("2d", 172800)],
)
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert DURATION.validate_python(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["soon", "5 parsecs", "-5m", "m5", ""])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        DURATION.validate_python(text)


@given(st.integers(0, 10_000_000).map(lambda ms: timedelta(milliseconds=ms)))
def test_duration_is_read_back(duration: timedelta) -> None:
    assert DURATION.validate_python(format_duration(duration)) == duration


def test_option_wins_over_environment_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kelet.toml"
    file.write_text('debounce = "1s"\nmin_sessions = 7\ngrpc_port = 1001\n')
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    monkeypatch.setenv("KELET_DEBOUNCE", "2s")
    monkeypatch.setenv("KELET_GRPC_PORT", "1002")
    config = Config(grpc_port=1003)
    assert (config.grpc_port, config.min_sessions) == (1003, 7)
    assert config.debounce == timedelta(seconds=2)


def test_misspelled_setting_in_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kelet.toml"
    file.write_text('debouce = "1s"\n')
    app = typer.Typer()
    register(app)
    done = CliRunner().invoke(app, ["--current", "--config", str(file)], env={FILE_VARIABLE: None})
    assert done.exit_code == 2
    assert "debouce" in done.stderr


def test_secret_is_not_printed() -> None:
    config = Config(temporal_api_key=SecretStr("tmprl-secret"))
    assert "tmprl-secret" not in config.model_dump_json() + repr(config)


def test_every_setting_says_what_it_does() -> None:
    rows = list(reference())
    assert {row[0] for row in rows} == set(Config.model_fields)
    assert all(row[3].endswith(".") for row in rows)


def test_reference_page_is_generated() -> None:
    """`kelet-sidecar config` writes the table in docs/configuration.md."""
    assert markdown() in REFERENCE_PAGE.read_text()


async def test_temporal_core_leaves_the_terminal_to_us() -> None:
    """Its warnings of slow tasks came in dozens at every import."""
    quiet = await connect(Config(), lazy=True)
    loud = await connect(Config(log_level="debug"), lazy=True)
    assert quiet.service_client.config.runtime is runtime_of("ERROR")
    assert loud.service_client.config.runtime is runtime_of("WARN")


def test_every_setting_is_read_somewhere() -> None:
    """A setting that nothing reads promises what nobody keeps."""
    root = Path(__file__).parents[2]
    code = "".join(
        path.read_text()
        for folder in ("exporter", "pipeline")
        for path in sorted((root / folder).rglob("*.py"))
    )
    unread = [name for name, *_ in reference() if f".{name}" not in code]
    assert not unread


def test_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "kelet.toml"
    file.write_text("grpc_port = \n")
    app = typer.Typer()
    register(app)
    done = CliRunner().invoke(app, ["--current", "--config", str(file)], env={FILE_VARIABLE: None})
    assert done.exit_code == 2
    assert "kelet.toml is not TOML" in " ".join(done.stderr.split())


def test_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"KELET_TEMPORAL_TLS_.*No such file"):
        tls_of(Config(temporal_tls_ca=tmp_path / "ca.pem"))


def test_the_collector_sends_nothing_that_is_refused() -> None:
    """What the Collector takes fits into a batch, and a batch into a request."""
    text = (Path(__file__).parents[2] / "collector-config.yaml").read_text()
    found = {name: int(number) for name, number in re.findall(r"(max_\w+): (\d+)", text)}
    taken = {found["max_recv_msg_size_mib"] * 2**20, found["max_request_body_size"]}
    assert max(taken) < found["max_size"] < Config().max_request_bytes
