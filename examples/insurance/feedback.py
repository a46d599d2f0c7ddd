"""What policyholders say of the result: thumbs-down, imperfect as feedback is.

In: a call and the claim type it got. Out: a thumbs-down, sent as a signal, or nothing.
Next: the sidecar attaches the signals to the sessions. It is told nothing else.
"""

import random

import kelet_temporal as kelet

from examples.insurance.calls import Call

COMPLAINTS_OF_WRONG = 0.60
COMPLAINTS_OF_RIGHT = 0.03


class Feedback:
    """Gives a thumbs-down where a policyholder would; counts them."""

    def __init__(self, seed: int = 10) -> None:
        self._seed = seed
        self.n_given = 0

    async def give(self, call: Call, claim_type: str) -> None:
        """Sends the feedback on the claim whose session this is, if there is any."""
        if complains(call, claim_type, self._seed):
            await kelet.signal(
                "feedback", "human", trigger_name="thumbs", score=0.0, raise_on_failure=True
            )
            self.n_given += 1


def complains(call: Call, claim_type: str, seed: int) -> bool:
    """Whether the policyholder gives a thumbs-down."""
    share = COMPLAINTS_OF_RIGHT if claim_type == call.right_type else COMPLAINTS_OF_WRONG
    return random.Random(f"feedback/{seed}/{call.claim_id}").random() < share
