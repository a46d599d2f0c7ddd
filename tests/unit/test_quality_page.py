"""docs/quality.md says of every case and every lie that it did not get through."""

import json
import re
from pathlib import Path

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
    n_cases = sum(len(json.loads(path.read_text())) for path in folder.glob("*.json"))
    assert rows("injections")[-1] == ["all", str(n_cases), "0"]


def test_no_lie_stands_in_a_finding() -> None:
    told = rows("lies")
    assert len({row[0] for row in told}) >= 5
    assert len({row[1] for row in told}) == 7
    assert {row[-1] for row in told} == {"0"}
    assert all(row[3] == "1 of 1" for row in told if row[1] == "tells the truth")


def test_a_finding_of_tau_airline_costs_a_tenth_of_sending_it_whole() -> None:
    shares = [row[5] for row in rows("cost") if row[0].startswith("tau-airline")]
    assert len(shares) == 2
    assert all(float(share.removeprefix("1 / ")) >= 10 for share in shares)
