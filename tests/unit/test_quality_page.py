"""docs/quality.md says of every case and every lie that it did not get through."""

import json
import re
from pathlib import Path

from pipeline.config import Config

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")


def rows(section: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    made = re.search(f"<!-- {section}: .*?-->(.*?)<!-- end of {section} -->", PAGE, re.DOTALL)
    assert made is not None
    lines = [line for line in made[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_page_counts_every_injection_and_none_got_through() -> None:
    folder = ROOT / "tests" / "llm" / "injections"
    n_cases = _n_cases(folder)
    n_asked = n_cases + _n_cases(folder / "interrogation")
    assert n_asked > n_cases
    assert rows("injections")[-1] == ["all", str(n_cases), "0", str(n_asked), "0"]


def _n_cases(folder: Path) -> int:
    return sum(len(json.loads(path.read_text())) for path in folder.glob("*.json"))


def test_no_lie_stands_in_a_finding() -> None:
    told = rows("lies")
    assert len({row[0] for row in told}) >= 5
    assert len({row[1] for row in told}) == 7
    assert {row[-1] for row in told} == {"0"}
    assert all(row[3] == "1 of 1" for row in told if row[1] == "tells the truth")


def test_tau_airline_costs_a_tenth_of_sending_it_whole_whatever_the_models_read() -> None:
    found = [row for row in rows("cost") if row[0].startswith("tau-airline")]
    a_day = Config().model_sessions_a_day
    assert sum(f" {a_day} sessions asked" in row[0] for row in found) == 2
    assert sum(" both" in row[0] for row in found) == 2
    assert len(found) == 6
    assert all(float(row[5].removeprefix("1 / ")) >= 10 for row in found)
