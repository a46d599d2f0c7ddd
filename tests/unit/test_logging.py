"""Logs: one JSON object a line, and never the words of a foreign exception."""

import asyncio
import io
import json
import logging
from collections.abc import Generator

import pytest

from exporter.logging_setup import (
    FIELDS,
    ObjectFormatter,
    TextFormatter,
    describe,
    quiet_loop,
    set_up_logging,
)
from pipeline.config import Config
from pipeline.errors import StoreUnavailable

CANARY = "canary-7c1e"


@pytest.fixture
def lines() -> Generator[tuple[logging.Logger, io.StringIO, logging.StreamHandler[io.StringIO]]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("kelet.test")
    logger.addHandler(handler)
    yield logger, stream, handler
    logger.removeHandler(handler)


def fail() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        raise StoreUnavailable("the disk is full") from error


@pytest.mark.parametrize("formatter", [TextFormatter("receive"), ObjectFormatter("receive")])
def test_of_foreign_exceptions_only_type_and_place_are_told(
    formatter: logging.Formatter,
    lines: tuple[logging.Logger, io.StringIO, logging.StreamHandler[io.StringIO]],
) -> None:
    logger, stream, handler = lines
    handler.setFormatter(formatter)
    try:
        fail()
    except StoreUnavailable:
        logger.exception("commit failed", extra={"canary": CANARY, "span": CANARY})
    told = stream.getvalue()
    assert CANARY not in told
    for part in ("commit failed", "the disk is full", "builtins.ValueError", "test_logging.py"):
        assert part in told


def test_json_has_known_fields_only(
    lines: tuple[logging.Logger, io.StringIO, logging.StreamHandler[io.StringIO]],
) -> None:
    logger, stream, handler = lines
    handler.setFormatter(ObjectFormatter("work"))
    logger.warning("%s is %s", "store", "away", extra={"more": 1})
    told = json.loads(stream.getvalue())
    assert set(told) == set(FIELDS) - {"exc_info"}
    assert (told["level"], told["process"], told["logger"]) == ("WARNING", "work", "kelet.test")
    assert told["message"] == "store is away"


@pytest.mark.parametrize(("format_", "is_json"), [("json", True), ("text", False), ("auto", True)])
def test_the_setting_decides(
    format_: str, is_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    set_up_logging(Config(log_format=format_), "receive")  # pyright: ignore[reportArgumentType]
    logging.getLogger("kelet.test").warning("hello")
    assert capsys.readouterr().err.startswith("{") == is_json


async def test_what_nobody_awaited_is_told_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    quiet_loop(loop)
    try:
        fail()
    except StoreUnavailable as error:
        loop.call_exception_handler({"message": "never retrieved", "exception": error})
    loop.set_exception_handler(None)
    assert "never retrieved" in caplog.text
    assert CANARY not in caplog.text


def fail_quietly() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        raise KeyError(CANARY) from None


def test_describe_ends_at_a_cause_that_was_hidden() -> None:
    with pytest.raises(KeyError) as raised:
        fail_quietly()
    assert describe(raised.value).startswith("builtins.KeyError\n")
    assert "ValueError" not in describe(raised.value)
