"""What a developer may set in an investigation.

In: nothing. Out: `ContrastSettings`. Next: `contrast` and `blame`.
"""

from pipeline.model.frozen import Frozen


class ContrastSettings(Frozen):
    """The promises on false causes hold for these values."""

    n_permutations: int = 9_999
    alpha: float = 0.01
    """Adjusted p at which a cause may be named."""
    min_support: int = 5
    """Sessions that must differ from the commonest value for a column to be tried."""
    min_healthy: int = 10
    max_terms: int = 2_000
    """Terms tried at most; the ones that split the sessions most evenly stay."""
    near_tie: float = 0.85
    """Features of the blamed step this close to its strongest are ties: the most specific wins."""
    mediates: float = 0.6
    """A loss through which a deciding trigger works separates as well as the trigger (it stands
    between trigger and outcome); measured imperfectly, it must reach this share of its strength."""
    max_shapes: int = 6
    """Shapes of the input that equal input is made equal in, beside the trigger."""
    max_triggers: int = 20
    """Inputs that may each make the agent's terms be tested anew, at most."""
    seed_salt: str = "contrast-1"
