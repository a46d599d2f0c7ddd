"""Bodies that are small on the wire and huge when they are parsed, written by hand.

In: how many bytes. Out: serialised requests. Next: the tests of what a request may cost.
"""

from collections.abc import Mapping

MIB = 2**20
SPAN, ATTRIBUTES, EVENTS, LINKS = 0x12, b"\x4a\x00", b"\x5a\x00", b"\x6a\x00"
SECRET = b"AKIA" + b"IOSFODNN7EXAMPLQ"


def field(tag: int, inner: bytes) -> bytes:
    """A length-delimited field."""
    length, size = bytearray(), len(inner)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([tag, *length, size]) + inner


def ids(number: int = 1, trace: int = 1) -> bytes:
    """Of a span that nothing is wrong with."""
    return field(0x0A, trace.to_bytes(16, "big")) + field(0x12, number.to_bytes(8, "big"))


def text(key: bytes, value: bytes) -> bytes:
    """A pair of an attribute and its text."""
    return field(0x0A, key) + field(0x12, field(0x0A, value))


def of_spans(*spans: bytes, resource: bytes = b"", scope: bytes = b"") -> bytes:
    """A request of one scope."""
    inner = field(0x0A, scope) + b"".join(field(SPAN, span) for span in spans)
    return field(0x0A, field(0x0A, resource) + field(0x12, inner))


def spans_of_empty(tag: bytes, n_bytes: int) -> bytes:
    """One span of empty fields."""
    return of_spans(ids() + tag * (n_bytes // 2))


def array_of_empty(n_bytes: int) -> bytes:
    """One attribute, a list of values that are none."""
    values = field(0x2A, b"\x0a\x00" * (n_bytes // 2))
    return of_spans(ids() + field(0x4A, field(0x0A, b"k") + field(0x12, values)))


def traces(n_bytes: int) -> Mapping[str, bytes]:
    """Trace requests by what is in them."""
    half = n_bytes // 2
    small = ids() + EVENTS * 2000
    secret = field(0x4A, text(b"k", SECRET))
    return {
        "attributes": spans_of_empty(ATTRIBUTES, n_bytes),
        "events": spans_of_empty(EVENTS, n_bytes),
        "links": spans_of_empty(LINKS, n_bytes),
        "array": array_of_empty(n_bytes),
        "spans of events": of_spans(*[small] * (n_bytes // len(small) - 1)),
        "empty spans": of_spans(*[b""] * half),
        "resources": b"\x0a\x00" * half,
        "scopes": field(0x0A, b"\x12\x00" * half),
        "resource": of_spans(ids(), resource=b"\x0a\x00" * half),
        "scope": of_spans(ids(), scope=b"\x1a\x00" * half),
        "unusual": b"\x22\x00" + b"\x0a\x00" * half,
        "one text": of_spans(ids() + field(0x4A, text(b"k", b"x" * n_bytes))),
        "a secret beside events": of_spans(ids() + secret + EVENTS * half),
        "copies of a resource": of_spans(
            *[ids(n, n) for n in range(1, 30_001)], resource=field(0x0A, text(b"k", b"x" * 60_000))
        ),
    }


def sound(n_bytes: int, number: int, *, width: int, secret: bytes = b"") -> bytes:
    """A request full of spans that are kept; each number gives spans of its own."""
    note, named = text(b"note", b"abcdefgh" * (width // 8)), text(b"named", secret or b"nothing")
    room = len(of_spans(ids() + field(0x4A, note) + field(0x4A, named))) + 8
    spans = (
        ids((number << 32) + n, (number << 32) + n // 50 + 1)
        + field(0x4A, note)
        + field(0x4A, named) * (n % 20 == 0)
        for n in range(1, n_bytes // room + 1)
    )
    return of_spans(*spans)


def logs(n_bytes: int) -> Mapping[str, bytes]:
    """Log requests by what is in them."""
    return {
        "records": field(0x0A, field(0x12, b"\x12\x00" * (n_bytes // 2))),
        "attributes": field(0x0A, field(0x12, field(0x12, b"\x32\x00" * (n_bytes // 2)))),
    }


def metrics(n_bytes: int) -> Mapping[str, bytes]:
    """Metric requests by what is in them."""
    points = field(0x2A, b"\x0a\x00" * (n_bytes // 2))
    return {
        "metrics": field(0x0A, field(0x12, b"\x12\x00" * (n_bytes // 2))),
        "points": field(0x0A, field(0x12, field(0x12, points))),
    }
