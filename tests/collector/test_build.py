"""The Collector's configuration, manifest and builder agree, and a missing Collector is told loudly."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collector.build import CONFIG, MANIFEST, ROOT
from tests.collector.conftest import REQUIRE

PLURALS = ("receivers", "processors", "exporters", "extensions")


def test_the_manifest_has_every_component_of_the_configuration() -> None:
    modules = MANIFEST.read_text()
    components = re.findall(r"^  (\w+):$", CONFIG.read_text(), re.MULTILINE)
    assert {"file_storage", "otlp", "memory_limiter"} <= set(components)
    for name in set(components) - {"pipelines", "telemetry"}:
        assert re.search(rf"/{name.replace('_', '')}\w* v", modules), name
    for plural in PLURALS:
        assert re.search(rf"^{plural}:$", modules, re.MULTILINE)


def test_every_line_of_the_configuration_is_explained() -> None:
    lines = CONFIG.read_text().splitlines()
    silent = [
        line
        for above, line in itertools.pairwise(lines)
        if re.match(r" +\w+: \S", line) and not above.strip().startswith("#")
    ]
    # What a pipeline consists of is explained at its head, `insecure` at `tls`.
    explained = ("receivers: [", "processors: [", "exporters: [", "insecure: ")
    assert [line for line in silent if not line.strip().startswith(explained)] == []


@pytest.mark.slow
@pytest.mark.parametrize(("required", "status"), [("", 0), ("1", 1)])
def test_without_a_collector_nobody_takes_it_for_a_pass(
    tmp_path: Path, required: str, status: int
) -> None:
    command = [sys.executable, "-m", "pytest", "tests/collector/test_config.py", "-k", "refused"]
    env = os.environ | {
        "PATH": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "KELET_BUILD_CACHE": str(tmp_path),
        REQUIRE: required,
    }
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == status, done.stdout
    assert "DID NOT RUN" in done.stdout
    assert "go is not on the PATH" in done.stdout
