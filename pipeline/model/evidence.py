"""Text with its place: every quote can be traced back to one stored attribute of one span.

In: nothing. Out: `Located`, `Evidence`. Next: steps hold located texts, findings hold evidence.
"""

from pipeline.model.frozen import Frozen


class Located(Frozen):
    """A text and the place it was read from.

    `field` is the attribute key followed by an RFC 6901 JSON pointer into its decoded value (empty
    when the attribute itself is the text), for example
    `gen_ai.input.messages/0/parts/0/content`. Span status text has the field `status.message`;
    an event's attribute has `events/<index>/<attribute key><pointer>`, or `span.events/...` where the span
    has an attribute named `events` too.
    """

    text: str
    span_id: str
    field: str


class Evidence(Frozen):
    """A verbatim quote: a substring of the decoded string at `field` of the span."""

    session_id: str
    span_id: str
    field: str
    quote: str
    verified: bool = False
