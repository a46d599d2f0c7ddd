"""What policyholders say of the result: thumbs-down, imperfect as feedback is.

In: a call and the claim type it got. Out: a thumbs-down, posted as a signal, or nothing.
Next: the sidecar attaches the signals to the sessions. It is told nothing else.
"""

import random
from typing import Any

import httpx

from examples.insurance.calls import Call
from examples.insurance.telemetry import PROJECT

COMPLAINTS_OF_WRONG = 0.60
COMPLAINTS_OF_RIGHT = 0.03


class Feedback:
    """Gives a thumbs-down where a policyholder would; counts them."""

    def __init__(self, client: httpx.AsyncClient, seed: int = 10) -> None:
        self._client = client
        self._seed = seed
        self.n_given = 0

    async def give(self, call: Call, claim_type: str) -> None:
        """Posts the feedback on one claim, if there is any."""
        if complains(call, claim_type, self._seed):
            path = f"/api/projects/{PROJECT}/signal"
            answer = await self._client.post(path, json=thumbs_down(call.claim_id))
            answer.raise_for_status()
            self.n_given += 1


def complains(call: Call, claim_type: str, seed: int) -> bool:
    """Whether the policyholder gives a thumbs-down."""
    share = COMPLAINTS_OF_RIGHT if claim_type == call.right_type else COMPLAINTS_OF_WRONG
    return random.Random(f"feedback/{seed}/{call.claim_id}").random() < share


def thumbs_down(claim_id: str) -> dict[str, Any]:
    """The signal."""
    return {
        "session_id": claim_id,
        "kind": "feedback",
        "source": "human",
        "trigger_name": "thumbs",
        "score": 0.0,
    }
