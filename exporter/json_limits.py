"""Pure: whether a JSON body may be read at all, judged by its bytes.

In: a body. Out: `check_json`. Next: `exporter.otlp_doors` reads it.

Read into Python, JSON takes many times its size: two bytes become an object of a hundred.
"""

from pipeline.errors import LimitExceeded

MAX_OBJECTS = 400_000
"""Objects and arrays of one request; 512 spans of 20 attributes have 22,000."""
MAX_NAMES = 500_000
"""The same of names, counted by the colons, also of those within texts; such spans have 40,000."""


def check_json(body: bytes, max_bytes: int) -> None:
    """Raises `LimitExceeded` for a body that would take too much memory."""
    if len(body) > max_bytes:
        raise LimitExceeded(
            f"the JSON body has {len(body)} bytes, more than max_json_bytes = {max_bytes}: "
            "send smaller batches or protobuf, or raise that setting"
        )
    n_objects = body.count(b"{") + body.count(b"[")
    if n_objects > MAX_OBJECTS:
        raise LimitExceeded(
            f"the JSON body has more than {MAX_OBJECTS} objects and arrays: send smaller batches"
        )
    if body.count(b":") > MAX_NAMES:
        raise LimitExceeded(f"the JSON body has more than {MAX_NAMES} names: send smaller batches")
