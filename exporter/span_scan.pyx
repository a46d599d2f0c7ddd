# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Where spans lie and what their ids, times and names are, in one pass over their bytes.

In: a request. Out: columns, or None. Next: `otlp_layout`, `span_columns`.

It goes through every field as protobuf would: kinds, lengths, UTF-8. Whatever is unusual (a field that
stands twice, an unknown one, a number longer than it need be) or broken ends it with None, and protobuf
has the last word. So it may leave what is sound, but never take what protobuf would refuse or read
otherwise: `tests/unit/test_span_scan.py` holds that for all bytes.

Every read is behind a look at the end of the message it is in; -1 is "unusual".
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

ctypedef const unsigned char* Bytes
ctypedef Py_ssize_t Place

cdef enum:
    VARINT = 0, FIXED64 = 1, MESSAGE = 2, FIXED32 = 5
    NONE = 0, TEXT = 1, OTHER = 2
    MAX_DEPTH = 16  # of values in values; protobuf has 100 for messages in one another
    MAX_KEYS = 16, MAX_PART = 6, SPAN_TAG = 0x12

cdef struct Field:
    int number
    int kind
    Place first
    Place last

cdef struct Text:
    Place first
    Place length

cdef struct Value:
    int kind
    Text text

cdef struct Names:
    int session_rank  # of the first key that is there
    Text session  # of length -1 where there is none
    Text project
    bint ask

cdef struct Head:
    unsigned char trace_id[16]
    unsigned char span_id[8]
    unsigned char parent[8]
    uint64_t start
    uint64_t end

cdef struct Shape:
    # The bits of the numbers of its fields, by kind.
    unsigned int texts, varints, fixed64, fixed32, ids, pairs

cdef Shape EVENT = Shape(texts=1 << 2, varints=1 << 4, fixed64=1 << 1, fixed32=0, ids=0, pairs=1 << 3)
cdef Shape LINK = Shape(texts=1 << 3, varints=1 << 5, fixed64=0, fixed32=1 << 6, ids=0b110, pairs=1 << 4)
cdef Shape STATUS = Shape(texts=1 << 2, varints=1 << 3, fixed64=0, fixed32=0, ids=0, pairs=0)

cdef struct Wanted:
    Bytes keys[MAX_KEYS]
    Place lengths[MAX_KEYS]
    uint64_t sizes  # the bits of all lengths
    int n_sessions
    int n_keys


def scan_spans(bytes body not None, const int64_t[::1] edges, tuple session_keys, bytes project_key not None):
    """Span n is the field between edges n and n + 1, its tag and length included.

    Returns (heads, sessions, projects, few sessions, few projects, places to ask). A head is 48 bytes: trace
    id, span id, parent, start, end. The few are all texts of a column, once for neighbours that have the same.
    At the last places protobuf is to be asked for the names.
    """
    cdef Place n = edges.shape[0] - 1, i
    cdef Bytes p = <Bytes>PyBytes_AS_STRING(body)
    cdef Wanted wanted
    cdef Names names, last
    if n < 1 or not _want(&wanted, session_keys, project_key):
        return None
    cdef bytes heads = PyBytes_FromStringAndSize(NULL, sizeof(Head) * n)
    cdef Head* head = <Head*>PyBytes_AS_STRING(heads)
    cdef list sessions = [], projects = [], few_sessions = [], few_projects = [], asked = []
    last.session = last.project = Text(first=0, length=-1)
    for i in range(n):
        if edges[i] < 0 or edges[i + 1] > len(body):
            return None
        if not _field_span(p, edges[i], edges[i + 1], &wanted, head + i, &names):
            return None
        _add_name(p, names.session, last.session, sessions, few_sessions)
        _add_name(p, names.project, last.project, projects, few_projects)
        last = names
        if names.ask:
            asked.append(i)
    return heads, sessions, projects, few_sessions, few_projects, asked


cdef bint _want(Wanted* wanted, tuple session_keys, bytes project_key) except -1:
    """The keys that are looked for; their owner outlives the scan."""
    cdef int i, n = <int>len(session_keys)
    if n >= MAX_KEYS:
        return False
    wanted.n_sessions, wanted.n_keys, wanted.sizes = n, n + 1, 0
    for i, key in enumerate((*session_keys, project_key)):
        wanted.keys[i] = <Bytes>PyBytes_AS_STRING(<bytes?>key)
        wanted.lengths[i] = len(<bytes>key)
        wanted.sizes |= <uint64_t>1 << (len(<bytes>key) & 63)
    return True


def find_edges(bytes body not None, Place at, Place end, Place room):
    """Where each of up to `room` spans begins and the last one ends, as packed signed 64-bit numbers.

    The spans are fields one behind the other from `at` on; what follows them is the caller's to look at.
    """
    cdef Bytes p = <Bytes>PyBytes_AS_STRING(body)
    cdef Field field
    cdef Place place = at, n = 1
    if at < 0 or end > len(body):
        return None
    while n <= room and place < end and p[place] == SPAN_TAG:
        place = _next(p, place, end, &field)
        if place < 0:
            return None
        n += 1
    cdef bytes edges = PyBytes_FromStringAndSize(NULL, sizeof(int64_t) * n)
    cdef int64_t* to = <int64_t*>PyBytes_AS_STRING(edges)
    to[0] = at
    for place in range(1, n):
        at = _next(p, at, end, &field)
        to[place] = at
    return edges


cdef int _add_name(Bytes p, Text text, Text last, list column, list few) except -1:
    """What a span names; `last` is what the one before it names."""
    if text.length >= 0 and (text.length != last.length or memcmp(p + text.first, p + last.first, text.length)):
        few.append(PyUnicode_DecodeUTF8(<const char*>p + text.first, text.length, "strict"))
    column.append(few[len(few) - 1] if text.length >= 0 else None)


cdef bint _field_span(Bytes p, Place at, Place end, const Wanted* wanted, Head* head, Names* names) except -1:
    """One span with its tag and length, and nothing behind it."""
    cdef Field field
    if at > end or _next(p, at, end, &field) != end or field.number != 2 or field.kind != MESSAGE:
        return False
    return _span(p, field.first, field.last, wanted, head, names)


cdef bint _span(Bytes p, Place at, Place end, const Wanted* wanted, Head* head, Names* names) except -1:
    cdef Field field
    cdef unsigned int seen = 0, bit
    memset(head, 0, sizeof(Head))
    memset(names, 0, sizeof(Names))
    names.session_rank = wanted.n_sessions
    names.session.length = names.project.length = -1
    while at < end:
        at = _next(p, at, end, &field)
        if at < 0 or field.number > 16:
            return False
        bit = 1 << field.number
        if field.number not in (9, 11, 13):
            if seen & bit:
                return False
            seen |= bit
        if field.number == 9:
            if field.kind != MESSAGE or not _attribute(p, field.first, field.last, wanted, names):
                return False
        elif field.number == 1 or field.number == 2 or field.number == 4:
            if field.kind != MESSAGE or not _id(p, &field, head):
                return False
        elif field.number == 7 or field.number == 8:
            if field.kind != FIXED64:
                return False
            memcpy(&head.start if field.number == 7 else &head.end, p + field.first, 8)
        elif not _other(p, &field):
            return False
    # An id that is missing is as wrong as a short one.
    return (seen & 0b110) == 0b110


cdef bint _other(Bytes p, const Field* field) except -1:
    """A field of a span that is not kept."""
    cdef const Shape* shape
    if field.number == 3 or field.number == 5:
        return _is_text(p, field)
    if field.number in (6, 10, 12, 14):
        return field.kind == VARINT
    if field.number == 16:
        return field.kind == FIXED32
    if field.kind != MESSAGE or field.number not in (11, 13, 15):
        return False
    shape = &EVENT if field.number == 11 else &LINK if field.number == 13 else &STATUS
    return _part(p, field.first, field.last, shape)


cdef bint _id(Bytes p, const Field* field, Head* head) except -1:
    """Of the right length; only a parent may be empty."""
    cdef Place length = field.last - field.first
    if field.number == 1 and length == 16:
        memcpy(head.trace_id, p + field.first, 16)
    elif field.number == 2 and length == 8:
        memcpy(head.span_id, p + field.first, 8)
    elif field.number == 4 and (length == 0 or length == 8):
        memcpy(head.parent, p + field.first, length)
    else:
        return False
    return True


cdef bint _attribute(Bytes p, Place at, Place end, const Wanted* wanted, Names* names) except -1:
    """An attribute of the span itself, whose name may be one that is wanted."""
    cdef Text key
    cdef Value value
    cdef int rank
    if not _pair(p, at, end, 0, &key, &value):
        return False
    if not wanted.sizes >> (key.length & 63) & 1:
        return True
    for rank in range(wanted.n_keys):
        if wanted.lengths[rank] == key.length and memcmp(p + key.first, wanted.keys[rank], key.length) == 0:
            if value.kind != TEXT:
                names.ask = True
            elif rank == wanted.n_sessions:
                names.project = value.text
            elif rank <= names.session_rank:
                names.session_rank = rank
                names.session = value.text
            break
    return True


cdef bint _pair(Bytes p, Place at, Place end, int depth, Text* key, Value* value) except -1:
    """A `KeyValue`."""
    cdef Field field
    cdef unsigned int seen = 0, bit
    key.first, key.length = at, 0
    value.kind = NONE
    while at < end:
        at = _next(p, at, end, &field)
        if at < 0 or field.number > 2:
            return False
        bit = 1 << field.number
        if seen & bit:
            return False
        seen |= bit
        if field.number == 1:
            if not _is_text(p, &field):
                return False
            key.first = field.first
            key.length = field.last - field.first
        elif field.kind != MESSAGE or not _value(p, field.first, field.last, depth, value):
            return False
    return True


cdef bint _value(Bytes p, Place at, Place end, int depth, Value* value) except -1:
    """An `AnyValue` of one kind, or of none."""
    cdef Field field
    value.kind = NONE
    if at == end:
        return True
    if _next(p, at, end, &field) != end:
        return False
    value.kind = OTHER
    if field.number == 1:
        value.kind = TEXT
        value.text.first = field.first
        value.text.length = field.last - field.first
        return _is_text(p, &field)
    if field.number == 2 or field.number == 3:
        return field.kind == VARINT
    if field.number == 4:
        return field.kind == FIXED64
    if field.number == 7:
        return field.kind == MESSAGE
    if field.kind != MESSAGE or depth == MAX_DEPTH or field.number not in (5, 6):
        return False
    return _values(p, field.first, field.last, depth + 1, field.number == 6)


cdef bint _values(Bytes p, Place at, Place end, int depth, bint are_pairs) except -1:
    """An `ArrayValue` or a `KeyValueList`."""
    cdef Field field
    cdef Text key
    cdef Value value
    while at < end:
        at = _next(p, at, end, &field)
        if at < 0 or field.number != 1 or field.kind != MESSAGE:
            return False
        if are_pairs:
            if not _pair(p, field.first, field.last, depth, &key, &value):
                return False
        elif not _value(p, field.first, field.last, depth, &value):
            return False
    return True


cdef bint _part(Bytes p, Place at, Place end, const Shape* shape) except -1:
    """An event, a link or a status."""
    cdef Field field
    cdef Text key
    cdef Value value
    cdef unsigned int bit
    while at < end:
        at = _next(p, at, end, &field)
        if at < 0 or field.number > MAX_PART:
            return False
        bit = 1 << field.number
        if field.kind == VARINT and bit & shape.varints:
            continue
        if field.kind == FIXED64 and bit & shape.fixed64:
            continue
        if field.kind == FIXED32 and bit & shape.fixed32:
            continue
        if field.kind != MESSAGE:
            return False
        if bit & shape.texts:
            if not _is_text(p, &field):
                return False
        elif bit & shape.pairs:
            if not _pair(p, field.first, field.last, 0, &key, &value):
                return False
        elif not bit & shape.ids:
            return False
    return True


cdef bint _is_text(Bytes p, const Field* field) except -1:
    """Length-delimited and UTF-8."""
    cdef Place at
    cdef unsigned char any_bits = 0
    if field.kind != MESSAGE:
        return False
    for at in range(field.first, field.last):
        any_bits |= p[at]
    if any_bits < 0x80:
        return True
    try:
        PyUnicode_DecodeUTF8(<const char*>p + field.first, field.last - field.first, "strict")
    except UnicodeDecodeError:
        return False
    return True


cdef inline Place _next(Bytes p, Place at, Place end, Field* field) noexcept:
    """The field that begins here, and where it ends: at most at `end`; -1 if it does not."""
    cdef uint64_t number
    cdef Place begin = at
    at = _number(p, at, end, &number)
    if at < 0 or at - begin > 2 or _is_idle(p, begin, at):
        return -1
    field.number = <int>(number >> 3)
    field.kind = <int>(number & 7)
    if field.number == 0:
        return -1
    begin = at
    if field.kind == MESSAGE:
        # Some encoders (.NET) leave room for a length, which is then longer than it need be.
        field.first = at = _number(p, at, end, &number)
        if at < 0 or at - begin > 5 or number > <uint64_t>(end - at):
            return -1
        field.last = at + <Place>number
    elif field.kind == VARINT:
        field.first = at
        field.last = _number(p, at, end, &number)
        if field.last < 0 or _is_idle(p, begin, field.last):
            return -1
    elif field.kind == FIXED64 or field.kind == FIXED32:
        field.first = at
        field.last = at + (8 if field.kind == FIXED64 else 4)
    else:
        return -1
    return field.last if 0 <= field.last <= end else -1


cdef inline bint _is_idle(Bytes p, Place begin, Place end) noexcept:
    """Whether a number is longer than it need be."""
    return end - begin > 1 and p[end - 1] == 0


cdef inline Place _number(Bytes p, Place at, Place end, uint64_t* number) noexcept:
    """A varint of at most ten bytes and 64 bits."""
    cdef int shift = 0
    cdef uint64_t byte
    number[0] = 0
    while at < end and shift < 70:
        byte = p[at]
        at += 1
        number[0] |= (byte & 0x7F) << shift
        if byte < 0x80:
            return -1 if shift == 63 and byte > 1 else at
        shift += 7
    return -1
