"""Run the plugin's tests on every temporalio release it promises: `make test-plugin-matrix`.

In: versions as arguments, by default one of each minor release from 1.30 on and the newest there is.
Out: one line a version; the exit code is 1 if any fails. Each has a throw-away environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
OLDEST, KNOWN = 30, 35
TESTS = [
    "test_plugin_headers.py",
    "test_plugin_scopes.py",
    "test_plugin_signals.py",
    "test_plugin_configure.py",
    "test_plugin_replay.py",
    "test_plugin_every_call.py",
    "test_plugin_kill.py",
]
_BUILT = shutil.ignore_patterns("build", "*.egg-info", "tests")
NEEDED = ["hypothesis>=6", "pytest>=9", "pytest-asyncio>=1.5", "pytest-timeout>=2.4"]


def main(versions: list[str]) -> int:
    failed = [version for version in versions if not passes(version)]
    return 1 if failed else 0


def passes(version: str) -> bool:
    """Install that release with the plugin and run; "" is the newest."""
    with tempfile.TemporaryDirectory(prefix="kelet-matrix-") as folder:
        python = Path(folder) / "bin" / "python"
        wanted = f"temporalio=={version}" if version else "temporalio"
        _run("uv", "venv", "-q", "--python", sys.executable, folder)
        plugin = shutil.copytree(ROOT / "plugin", Path(folder) / "plugin", ignore=_BUILT)
        _run("uv", "pip", "install", "-q", "-p", str(python), wanted, str(plugin), *NEEDED)
        tests = [str(Path(__file__).with_name(test)) for test in TESTS]
        done = subprocess.run(
            [str(python), "-m", "pytest", "-q", "--show-capture=no", *tests],
            cwd=ROOT,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        lines = done.stdout.splitlines() or [done.stderr]
        print(f"temporalio {_installed(python)}: {lines[-1]}", flush=True)
        if done.returncode:
            print(*[line for line in lines if re.match(r"E  |FAILED|ERROR", line)], sep="\n")
        return done.returncode == 0


def _installed(python: Path) -> str:
    script = "from importlib.metadata import version; print(version('temporalio'))"
    done = subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    """The dev server comes from this environment; the code under test from the other one."""
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ.get('PATH', '')}"}


def _run(*command: str) -> None:
    subprocess.run(command, check=True, env=_environment())


if __name__ == "__main__":
    minors = [f"1.{minor}.0" for minor in range(OLDEST, KNOWN + 1)]
    sys.exit(main(sys.argv[1:] or [*minors, ""]))
