"""The README does not rot: its table of settings is the code's, and its links lead somewhere.

Run this file as a script to write the table anew.
"""

import re
from pathlib import Path

from pipeline.config import reference

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- settings:[^\n]*-->\n).*?(<!-- /settings -->)", re.DOTALL)


def settings_table() -> str:
    """The table, from the code."""
    rows = (
        f"| `{env}` | {f'`{default}`' if default else ''} | {' '.join(text.split())} |"
        for _, env, default, text in reference()
    )
    return "\n".join(("| variable | default | meaning |", "|---|---|---|", *rows)) + "\n"


def with_table(readme: str) -> str:
    """The README with the table as it should be."""
    return BLOCK.sub(lambda found: found[1] + settings_table() + found[2], readme)


def test_the_settings_are_those_of_the_code() -> None:
    readme = README.read_text()
    assert BLOCK.search(readme)
    assert readme == with_table(readme), "run: .venv/bin/python -m tests.unit.test_readme"


def test_the_two_commands_are_verbs_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = re.search(r"## Two commands.*?```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert commands
    assert commands[1].split("\n")[:-1] == ["make demo", "make test"]
    assert re.search(r"^demo:", makefile, re.MULTILINE)
    assert re.search(r"^test:", makefile, re.MULTILINE)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
