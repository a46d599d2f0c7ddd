"""Run the plugin's tests on every temporalio release it promises: `make test-plugin-matrix`.

In: versions as arguments, by default the first of each minor release from 1.30 on, and the newest.
Out: one line a version; the exit code is 1 if any fails. Each has an environment of its own, kept in
`.matrix` so that the next run only checks it; a few are tested at a time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".matrix"
PLUGIN = ENVIRONMENTS / "plugin"
OLDEST, NEWEST = 30, 35
N_AT_ONCE = 2
PATIENCE = 900
TESTS = [
    "test_plugin_headers.py",
    "test_plugin_scopes.py",
    "test_plugin_odd_values.py",
    "test_plugin_generators.py",
    "test_plugin_signals.py",
    "test_plugin_configure.py",
    "test_plugin_depth.py",
    "test_plugin_replay.py",
    "test_plugin_every_call.py",
]
# The slowest say little more about a release between the oldest and the newest.
ALL, MOST = "not auto_session", "not auto_session and not kill_9 and not task"
NEEDED = ["hypothesis>=6", "pytest>=9", "pytest-asyncio>=1.5", "pytest-timeout>=2.4"]


def main(versions: list[str]) -> int:
    shutil.rmtree(PLUGIN, ignore_errors=True)
    shutil.copytree(ROOT / "plugin", PLUGIN, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    with ThreadPoolExecutor(N_AT_ONCE) as at_once:
        ends = (versions[0], versions[-1])
        which = [ALL if version in ends else MOST for version in versions]
        passed = list(at_once.map(passes, versions, which))
    return 0 if all(passed) else 1


def passes(version: str, which: str) -> bool:
    """Install that release with the plugin and run; "" is the newest."""
    began = time.monotonic()
    python = installed(version)
    done = subprocess.run(
        [str(python), "-m", "pytest", "-q", "--show-capture=no", "-k", which, *tests()],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    lines = done.stdout.splitlines() or [done.stderr]
    told = next((line for line in reversed(lines) if re.search(r"passed|failed|error", line)), "")
    seconds = time.monotonic() - began
    print(f"temporalio {release_in(python)}: {told}, {seconds:.0f} s in all", flush=True)
    if done.returncode:
        print(*[line for line in lines if re.match(r"E  |FAILED|ERROR", line)], sep="\n")
    return done.returncode == 0


def installed(version: str) -> Path:
    """The interpreter of that release's environment, made if it is missing."""
    folder = ENVIRONMENTS / (version or "newest")
    python = folder / "bin" / "python"
    if not python.exists():
        run("uv", "venv", "-q", "--python", sys.executable, str(folder))
    wanted = f"temporalio=={version}" if version else "temporalio"
    newer = [] if version else ["--upgrade-package", "temporalio"]
    plugin = ["--reinstall-package", "kelet-temporal", str(PLUGIN)]
    run("uv", "pip", "install", "-q", "-p", str(python), *newer, wanted, *plugin, *NEEDED)
    return python


def tests() -> list[str]:
    return [str(PLUGIN / "tests" / test) for test in TESTS]


def release_in(python: Path) -> str:
    script = "from importlib.metadata import version; print(version('temporalio'))"
    done = subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def environment() -> dict[str, str]:
    """The dev server comes from this environment; the code under test from the other one.

    Certificates are those of the machine, as pip takes them too: uv's own know no company's mirror.
    """
    here = str(Path(sys.executable).parent)
    path = f"{here}{os.pathsep}{os.environ.get('PATH', '')}"
    return {"UV_SYSTEM_CERTS": "1", **os.environ, "PATH": path}


def run(*command: str) -> None:
    subprocess.run(command, check=True, env=environment())


if __name__ == "__main__":
    minors = [f"1.{minor}.0" for minor in range(OLDEST, NEWEST)]
    sys.exit(main(sys.argv[1:] or [*minors, ""]))
