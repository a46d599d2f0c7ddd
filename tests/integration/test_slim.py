"""`deploy/slim.py` on a small environment: what it removes, and that a library which strip ruins stays."""

import importlib.util
import shutil
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SITE = Path(sysconfig.get_path("platlib"))


@pytest.fixture
def slim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, on an empty site-packages."""
    spec = importlib.util.spec_from_file_location("slim", ROOT / "deploy/slim.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SITE", tmp_path)
    return module


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A native library that loads."""
    (source, *_) = SITE.glob("markupsafe/_speedups*.so")
    return Path(shutil.copy(source, tmp_path))


def strip_that(does: str, folder: Path) -> str:
    """A `strip` whose script knows what is to be stripped as $4, and where to put it as $3."""
    script = folder / "strip"
    script.write_text(f"#!/bin/sh\n{does}\n")
    script.chmod(0o755)
    return str(script)


def made(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("")


def left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_nobody_reads_goes_and_its_neighbours_stay(slim: ModuleType, tmp_path: Path) -> None:
    kept = (
        "phonenumbers/data/region_DE.py",
        "botocore/data/endpoints.json",
        "botocore/data/bedrock-runtime/2023-09-30/service-2.json.gz",
        "regexes/__init__.py",
        "scipy/stats/contests.py",
        "scipy/py.typed",
    )
    gone = (
        "phonenumbers/geodata/data0.py",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "regex/__init__.py",
        "regex-2026.11.15.dist-info/METADATA",
        "scipy/stats/tests/test_stats.py",
        "scipy/stats/tests/tests/data.txt",
        "scipy/stats/_stats.pyx",
    )
    made(tmp_path, *kept, *gone)
    for path in slim.unused():
        slim.remove(path)
    assert left(tmp_path) == set(kept)


def test_a_pattern_without_a_match_is_named(
    slim: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(slim.unused()) == []
    assert capsys.readouterr().out.count("OUT OF DATE") == len(slim.UNUSED)


@pytest.mark.parametrize(
    "does", ['echo broken > "$3"', 'cp "$4" "$3"', 'head -c 4096 "$4" > "$3"', "exit 1"]
)
def test_a_library_that_strip_ruins_stays(
    slim: ModuleType, library: Path, tmp_path: Path, does: str
) -> None:
    before = library.read_bytes()
    strip = strip_that(does, tmp_path)
    assert not slim.stripped(strip, library)
    assert library.read_bytes() == before
    assert left(tmp_path) == {library.name, "strip"}


def test_symbols_go_and_the_library_still_loads(slim: ModuleType, library: Path) -> None:
    strip = shutil.which("strip")
    if strip is None:
        pytest.skip("NOT CHECKED: no binutils to strip with")
    before, mode = library.stat().st_size, library.stat().st_mode
    assert slim.stripped(strip, library)
    assert library.stat().st_size < before
    assert library.stat().st_mode == mode
    assert slim.loads(library)
