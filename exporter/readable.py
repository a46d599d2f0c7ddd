"""Pure: a part of a request without the spans that are none.

In: spans of one scope as a request, of which one at least cannot be parsed: a text that is not UTF-8, a
field of another kind. Out: `only_readable`, the same without those. Next: `decode_bounded` decodes it.

Encoders that do not check texts exist, and a Collector passes on what they write: for one such span the
five hundred beside it must not be refused.
"""

from collections import Counter
from itertools import pairwise

from google.protobuf.message import DecodeError

from exporter.otlp_layout import lay_out
from exporter.otlp_scan import ScanRequest
from pipeline.store.chunk_body import head

UNREADABLE = "a text that is not UTF-8, or another fault of its encoding"


def only_readable(part: bytes, rejected: Counter[str]) -> bytes:
    """What is left; what is not, is counted. Of a resource or scope that cannot be read nothing is left."""
    layout = lay_out(part, len(part))
    view = memoryview(layout.body)
    kept: list[bytes | memoryview] = []
    for laid in (scope for scopes in layout.scopes for scope in scopes):
        fields = [view[begin:end] for begin, end in pairwise(laid.bounds())]
        sound = [
            field
            for field in fields
            if _is_readable(head(laid.resource, laid.scope_info, len(field)), field)
        ]
        rejected[UNREADABLE] += len(fields) - len(sound)
        if sound:
            kept.append(head(laid.resource, laid.scope_info, sum(map(len, sound))))
            kept.extend(sound)
    return b"".join(kept)


def _is_readable(begin: bytes, field: memoryview) -> bool:
    try:
        ScanRequest.FromString(b"".join((begin, field)))
    except DecodeError:
        return False
    return True
