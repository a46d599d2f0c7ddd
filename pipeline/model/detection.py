"""What a detector says of a session, and the terms that steps carry.

In: nothing. Out: `Detection`, `DetectorRole`, `StepTerms`. Next: votes, candidates, the contrast.
"""

from enum import StrEnum

from pipeline.model.evidence import Located
from pipeline.model.frozen import Frozen


class DetectorRole(StrEnum):
    """A symptom votes on the verdict, a trait is only tested.

    BOTH votes, and is tested against a verdict recomputed without its own family.
    """

    SYMPTOM = "symptom"
    TRAIT = "trait"
    BOTH = "both"


class Detection(Frozen):
    """One detector's result at one step of one session.

    `name` is dotted and stable (`handoff.order`, `run.tool_error_text`, `input.n_lines`,
    `config.model=gpt-4o`); its first part is the `family`. `value` is numeric, larger means more of
    the named thing; losses and scores lie in [0, 1], counts are counts. `detail` is a plain clause
    for a reader ("4 of 9 shared items changed their order"). `passages` are places worth quoting,
    the most telling first; each `text` is a verbatim excerpt of the decoded string at its field.
    """

    name: str
    family: str
    role: DetectorRole
    agent: str
    step: str
    span_id: str
    value: float
    confidence: float = 1.0
    detail: str = ""
    passages: tuple[Located, ...] = ()


class StepTerms(Frozen):
    """The distinct lower-cased terms of a step that the contrast tests.

    `external` are terms of the input that no agent of the session wrote; `added` are output terms
    that stand neither in the input nor in the system prompt; `dropped` are input terms that the
    output lacks.
    """

    agent: str
    step: str
    external: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
