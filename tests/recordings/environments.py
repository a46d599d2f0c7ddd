"""One environment a library, outside the repository: a venv or an npm prefix.

In: the file of pinned packages `apps/<environment>.txt`. Out: the command that runs an app in it.
Next: `record` runs the app. The folder's name carries the hash of the pins, so new pins are a new
environment; old ones may be deleted at any time.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

APPS = Path(__file__).parent / "apps"


def cache_folder() -> Path:
    """`$RECORDINGS_CACHE`, else a folder in the user's cache."""
    own = os.environ.get("RECORDINGS_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own) if own else base / "kelet-sidecar" / "recordings"


def pins_of(environment: str) -> list[str]:
    """The pinned packages, one a line; `#` begins a comment."""
    lines = (APPS / f"{environment}.txt").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def ready(environment: str, app: Path) -> list[str]:
    """The command that runs the app, after its environment was made if it was not there."""
    pins = pins_of(environment)
    digest = hashlib.sha256("\n".join(pins).encode()).hexdigest()[:10]
    folder = cache_folder() / f"{environment}-{digest}"
    if app.suffix == ".mjs":
        return _npm(folder, pins, app)
    return [str(_venv(folder, pins)), str(app)]


def _venv(folder: Path, pins: list[str]) -> Path:
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        uv = [sys.executable, "-m", "uv"]
        _run([*uv, "venv", "-q", "--python", sys.executable, str(folder)])
        _run([*uv, "pip", "install", "-q", "--python", str(python), *pins])
        done.touch()
    return python


def _npm(folder: Path, pins: list[str], app: Path) -> list[str]:
    """Modules are found from where the app lies, so it is copied beside them."""
    done = folder / ".installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true, "type": "module"}')
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", *pins], folder)
        done.touch()
    for file in (app, APPS / "chat.json"):
        shutil.copy(file, folder)
    return ["node", str(folder / app.name)]


def _run(command: list[str], folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:5])} ... failed:\n{done.stderr[-2000:]}")
