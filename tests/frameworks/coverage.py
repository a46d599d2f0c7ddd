"""The table in docs/conventions.md: what is understood of each framework, and why the rest is not.

In: the recorded traces beside the repository. Out: the table, printed; with `--write` into the page.
It ends with 1 where something was recorded and not understood, or where the page says otherwise.

    python -m tests.frameworks.coverage [--write]
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.frameworks.fields import FIELDS, Cell, Counts, count
from tests.frameworks.gaps import NOT_UNDERSTOOD
from tests.frameworks.traces import traces

PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"
START, END = "<!-- coverage -->\n\n", "\n<!-- /coverage -->\n"


def table(counts: Counts) -> str:
    """Understood of recorded, a row for each framework; then the reasons."""
    lines = [
        f"| traces of | {' | '.join(FIELDS)} |",
        f"|---|{'---|' * len(FIELDS)}",
        *(_row(name, counts[name]) for name in sorted(counts)),
        _row("**all**", _total(counts)),
        "",
        "| field | missing because | of |",
        "|---|---|---|",
        *_reasons(counts),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, cells: dict[str, Cell] | object) -> str:
    assert isinstance(cells, dict)
    shares = (cells[f] for f in FIELDS)
    return f"| {name} | {' | '.join(f'{c.understood}/{c.n}' if c.n else '' for c in shares)} |"


def _total(counts: Counts) -> dict[str, Cell]:
    total = {name: Cell() for name in FIELDS}
    for cells in counts.values():
        for name, cell in cells.items():
            total[name].n += cell.n
            total[name].understood += cell.understood
            total[name].reasons += cell.reasons
    return total


def _reasons(counts: Counts) -> Iterator[str]:
    for field, cell in _total(counts).items():
        for reason, _ in sorted(cell.reasons.items(), key=lambda r: (-r[1], r[0])):
            of = Counter({f: c[field].reasons[reason] for f, c in counts.items()})
            where = ", ".join(f"{f} {n}" for f, n in sorted(of.items()) if n)
            yield f"| {field} | {reason} | {where} |"


def around() -> tuple[str, str, str]:
    """The page: what stands before the table, the table, and what follows."""
    page = PAGE.read_text()
    start, end = page.index(START) + len(START), page.index(END)
    return page[:start], page[start:end], page[end:]


def problems(counts: Counts) -> list[str]:
    """What was recorded and not understood."""
    return [
        f"{framework}: {cells[field].reasons[NOT_UNDERSTOOD]} x {field} {NOT_UNDERSTOOD.lower()}"
        for framework, cells in sorted(counts.items())
        for field in FIELDS
        if cells[field].reasons[NOT_UNDERSTOOD]
    ]


def main(arguments: list[str]) -> int:
    """Print the table, and say what is wrong with it."""
    counts = count(traces())
    now = table(counts)
    print(now)
    before, written, after = around()
    if "--write" in arguments:
        PAGE.write_text(before + now + after)
        written = now
    wrong = problems(counts)
    if written != now:
        wrong.append(f"{PAGE.name} says something else; write it anew with --write")
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
