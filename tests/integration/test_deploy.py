"""The files that people deploy from: valid to the tools that read them, and true to the code.

What needs a tool that is missing says so. The image takes minutes to build: `make image-check` asks for it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from pipeline.config import reference

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
MANIFEST = ROOT / "deploy/kubernetes/sidecar.yaml"
COLLECTOR = ROOT / "collector-config.yaml"

NO_SETTINGS = {"KELET_ENDPOINT", "KELET_SIDECAR_ENDPOINT", "KELET_POSTGRES_PASSWORD"}
"""Variables of the command line, of the Collector and of compose itself."""

pytestmark = [pytest.mark.slow]


def manifest() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(MANIFEST.read_text()))


def pod() -> dict[str, Any]:
    return next(part for part in manifest() if part["kind"] == "StatefulSet")["spec"]["template"][
        "spec"
    ]


def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


def test_kubernetes_knows_every_field() -> None:
    for part in manifest():
        kubernetes_validate.validate(part, kubernetes_validate.latest_version(), strict=True)


def variables() -> Iterator[str]:
    for service in compose()["services"].values():
        yield from service.get("environment", {})
    for container in (*pod()["initContainers"], *pod()["containers"]):
        yield from (variable["name"] for variable in container["env"])
    yield from re.findall(r"\$\{(KELET_[A-Z_]+)", COMPOSE.read_text())
    yield from re.findall(r"(KELET_[A-Z_]+)", (ROOT / "Dockerfile").read_text())


def test_every_variable_is_read_by_somebody() -> None:
    known = {variable for _, variable, _, _ in reference()} | NO_SETTINGS
    told = set(variables())
    assert {name for name in told if name.startswith("KELET_")} <= known
    collector = set(re.findall(r"\$\{env:([A-Z_]+)", COLLECTOR.read_text()))
    assert {name for name in told if name.startswith("OTELCOL_")} <= collector


def test_beside_a_collector_the_sidecar_takes_other_ports_on_loopback() -> None:
    (sidecar,) = pod()["initContainers"]
    values = {variable["name"]: variable["value"] for variable in sidecar["env"]}
    assert sidecar["restartPolicy"] == "Always"
    assert (values["KELET_GRPC_PORT"], values["KELET_HTTP_PORT"]) == ("14317", "14318")
    assert values["KELET_HOST"] == "127.0.0.1"
    (collector,) = pod()["containers"]
    assert {port["containerPort"] for port in collector["ports"]} == {4317, 4318}
    grace = pod()["terminationGracePeriodSeconds"]
    before = collector["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert grace > before + int(values["KELET_DRAIN"].removesuffix("s"))


def test_nobody_is_root_and_the_collector_is_the_tested_one() -> None:
    assert pod()["securityContext"]["runAsNonRoot"] is True
    builder = (ROOT / "tests/collector/builder.yaml").read_text()
    version = re.search(r" v(\d+\.\d+\.\d+)", builder)
    assert version
    image = f"otel/opentelemetry-collector-contrib:{version[1]}"
    assert pod()["containers"][0]["image"] == image
    assert compose()["services"]["collector"]["image"] == image


def test_only_loopback_is_published() -> None:
    for service in compose()["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


@pytest.mark.timeout(300)
def test_compose_reads_its_file() -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("NOT CHECKED: no Go toolchain to read compose.yaml with")
    environment = os.environ | {"KELET_POSTGRES_PASSWORD": "test"}
    command = [go, "run", ".", str(COMPOSE)]
    done = subprocess.run(
        command,
        cwd=ROOT / "deploy/compose-check",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = {line.split()[0] for line in done.stdout.splitlines()}
    assert names == {"collector", "queue-owner", "receive", "work", "postgres", "temporal"}


@pytest.mark.timeout(2400)
def test_the_image_is_built_and_keeps_its_promises() -> None:
    if os.environ.get("KELET_REQUIRE_IMAGE") != "1":
        pytest.skip("NOT CHECKED, takes ten minutes: `make image-check` builds and tries the image")
    done = subprocess.run(
        ["deploy/check.sh"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
