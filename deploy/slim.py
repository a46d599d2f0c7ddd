"""Makes the image's Python environment small: run by its own interpreter while the image is built.

In: the environment as pip left it. Out: the same without what nobody reads, native libraries without
their symbols, and the bytecode of what is imported. Next: the Dockerfile copies it.

    /opt/kelet/bin/python deploy/slim.py BYTECODE

Every step proves itself: a stripped library must load, else it stays as it was, and at the end every
module of ours is imported, else the build fails. `deploy/check.sh` then works with the image.
"""

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

SITE = Path(sysconfig.get_path("platlib"))

UNUSED = (
    # Where a number is from, who carries it, its time zone: only its validity is asked for.
    "phonenumbers/geodata",
    "phonenumbers/carrierdata",
    "phonenumbers/tzdata",
    # The C library beside the extension module, which has the same code linked in.
    "onnxruntime/capi/libonnxruntime.so.*",
    # Tools that convert and shrink models; ours is ready.
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    # The Rust sources of the extension module.
    "temporalio/bridge/sdk-core/arch_docs",
    "temporalio/bridge/sdk-core/crates",
    # Tokenizers and weights from a hub: ours are files in the image.
    "fsspec",
    "hf_xet",
    "huggingface_hub",
    # Counts tokens for realtime sessions and embeddings of OpenAI; only it imports regex.
    "regex",
    "tiktoken",
    "tiktoken_ext",
    # Types for type checkers.
    "google-stubs",
    # What other packages test themselves with.
    "**/tests",
)
"""Below site-packages; nothing that we run imports or opens these."""

AWS = ("bedrock", "sso", "sts", "signin")
"""The services that a model at AWS takes, by the first letters; botocore describes 400 more."""

SOURCES = frozenset((".a", ".c", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx", ".rs"))
"""For compilers and type checkers."""

OURS = ("exporter", "pipeline", "kelet_temporal")

LATER = (
    "grpc._channel",
    "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    "pydantic_ai.models.anthropic",
    "pydantic_ai.models.bedrock",
    "pydantic_ai.models.google",
    "pydantic_ai.models.openai",
    "pydantic_ai.providers.anthropic",
    "pydantic_ai.providers.bedrock",
    "pydantic_ai.providers.google",
    "pydantic_ai.providers.openai",
    "scipy.cluster.hierarchy",
    "scipy.stats",
    "sqlite3",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.h11_impl",
)
"""What a process imports only when it comes to it, or when its settings ask for it."""


def main() -> None:
    """Removes, strips, imports; says what each of them did to the size."""
    if sys.argv[1:] == ["import"]:
        import_everything()
        return
    (bytecode,) = sys.argv[1:]
    report("as installed")
    for path in unused():
        remove(path)
    report("without what nobody reads")
    print(strip_all())
    report("without symbols")
    environment = os.environ | {"PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # In a process of its own: this one has imported a part of the standard library already.
    subprocess.run([sys.executable, __file__, "import"], env=environment, check=True)
    print(f"{megabytes(Path(bytecode))} MB of bytecode")


def unused() -> Iterator[Path]:
    """Everything to remove; a pattern that finds nothing is out of date and says so."""
    for pattern in UNUSED:
        found = sorted(SITE.glob(pattern))
        if not found:
            print(f"OUT OF DATE: {pattern} is not there")
        yield from found
        if "/" not in pattern:
            yield from SITE.glob(f"{pattern}-*.dist-info")
    for service in SITE.glob("botocore/data/*/"):
        if not service.name.startswith(AWS):
            yield service
    yield from (path for path in SITE.rglob("*") if path.suffix in SOURCES and path.is_file())


def remove(path: Path) -> None:
    """A file or a folder; it may have gone with another one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def strip_all() -> str:
    """Strips every native library that has symbols to lose; what it did, in words."""
    strip = shutil.which("strip")
    if strip is None:
        return "NOT STRIPPED: binutils are missing"
    libraries = [path for path in SITE.rglob("*.so*") if path.is_file()]
    kept = [path for path in libraries if not stripped(strip, path)]
    return f"{len(libraries) - len(kept)} libraries stripped, {len(kept)} left as they were"


def stripped(strip: str, path: Path) -> bool:
    """Whether a smaller copy of the library loads; then it takes the library's place."""
    # Beside it, so that it finds the libraries it is linked with.
    copy = path.with_name(f"{path.name}.stripped")
    done = subprocess.run(
        [strip, "--strip-unneeded", "-o", copy, path], capture_output=True, check=False
    )
    smaller = done.returncode == 0 and copy.stat().st_size < path.stat().st_size
    if smaller and loads(copy):
        copy.chmod(path.stat().st_mode)
        copy.replace(path)
        return True
    copy.unlink(missing_ok=True)
    return False


def loads(library: Path) -> bool:
    """Whether the loader takes it, asked in a process that may crash."""
    code = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
    command = [sys.executable, "-c", code, str(library)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def import_everything() -> None:
    """Every module of ours, and what they import later; Python writes the bytecode meanwhile."""
    for name in OURS:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)
    for name in LATER:
        importlib.import_module(name)


def report(when: str) -> None:
    """The size of the environment."""
    print(f"{megabytes(SITE)} MB {when}")


def megabytes(folder: Path) -> int:
    """The bytes of all files below, in millions."""
    return sum(path.lstat().st_size for path in folder.rglob("*")) // 10**6


if __name__ == "__main__":
    main()
