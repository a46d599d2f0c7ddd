"""The page of errors is the table of the code, and names settings that there are.

Run this file as a script to write the table anew.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from exporter.admission import ANSWERS
from pipeline import errors
from pipeline.config import Config

PAGE = Path(__file__).resolve().parents[2] / "docs/errors.md"
BLOCK = re.compile(r"(<!-- errors:[^\n]*-->\n).*?(<!-- /errors -->)", re.DOTALL)


def rows() -> Iterator[str]:
    """The table, line by line; what nobody foresaw stands last."""
    yield "| code | what | gRPC | HTTP | try again |"
    yield "|---|---|---|---|---|"
    for kind, answer in ANSWERS.items():
        foreseen = issubclass(kind, errors.SidecarError)
        code = f"`{kind.code}`" if issubclass(kind, errors.SidecarError) else "`internal`"
        what = (kind.__doc__ or "").partition("\n")[0] if foreseen else "What nobody foresaw."
        again = "yes" if answer.retryable else "no"
        yield f"| {code} | {what} | {answer.grpc_code.name} | {answer.http_status} | {again} |"


def with_table(page: str) -> str:
    """The page with the table as it should be."""
    table = "".join(f"{row}\n" for row in rows())
    return BLOCK.sub(lambda found: found[1] + table + found[2], page)


def test_the_table_is_that_of_the_code() -> None:
    page = PAGE.read_text()
    assert BLOCK.search(page)
    assert page == with_table(page), "run: .venv/bin/python -m tests.unit.test_errors_page"


def test_the_limits_are_settings() -> None:
    limits = set(re.findall(r"`(max_\w+)`", PAGE.read_text()))
    assert limits <= Config.model_fields.keys()
    edge = {
        name for name in Config.model_fields if re.match(r"max_.*(bytes$|requests|_flight_)", name)
    }
    assert edge <= limits


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
