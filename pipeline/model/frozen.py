"""The base of every value in the vocabulary: immutable, strict, quiet in errors.

In: nothing. Out: `Frozen`. Next: every other module of `pipeline.model`.
"""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value. Validation errors never show the offending text (it may be trace text)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
