"""What policyholders say of the result: thumbs-down, imperfect as feedback is.

In: calls and the claim types they got. Out: which claims get a thumbs-down, posted as signals.
Next: the sidecar attaches the signals to the sessions. It is told nothing else.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from examples.insurance.calls import Call
from examples.insurance.telemetry import PROJECT

COMPLAINTS_OF_WRONG = 0.60
COMPLAINTS_OF_RIGHT = 0.03


def complaints(calls: Sequence[Call], results: Mapping[str, str], seed: int = 7) -> list[str]:
    """The claim ids that get a thumbs-down."""
    return [call.claim_id for call in calls if _complains(call, results[call.claim_id], seed)]


def thumbs_down(claim_id: str) -> dict[str, Any]:
    """The signal."""
    return {
        "session_id": claim_id,
        "kind": "feedback",
        "source": "human",
        "trigger_name": "thumbs",
        "score": 0.0,
    }


def post(base_url: str, claim_ids: Sequence[str]) -> None:
    """Sends a thumbs-down for each claim."""
    with httpx.Client(base_url=base_url, timeout=30, trust_env=False) as client:
        for claim_id in claim_ids:
            answer = client.post(f"/api/projects/{PROJECT}/signal", json=thumbs_down(claim_id))
            answer.raise_for_status()


def _complains(call: Call, result: str, seed: int) -> bool:
    share = COMPLAINTS_OF_RIGHT if result == call.right_type else COMPLAINTS_OF_WRONG
    return random.Random(f"feedback/{seed}/{call.claim_id}").random() < share
