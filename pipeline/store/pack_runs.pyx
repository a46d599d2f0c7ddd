# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Where neighbouring spans of one trace begin and end, with their keys as they are stored, and what their
bodies begin with.

In: columns of equal length. Out: runs. Next: `chunk_runs` and `chunk_body`, which say the same in Python.

Lengths are compared before anything is read: no place is behind the end of a column.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

ctypedef Py_ssize_t Place

cdef enum:
    HEAD_BYTES = 21
    FIRST = 0x0A, SECOND = 0x12  # tags of length-delimited fields, by their numbers

cdef const char* DIGITS = b"0123456789abcdef"


def pack_runs(
    const uint64_t[:, :] trace_ids,
    const uint64_t[:] ids,
    const uint64_t[:] parents,
    const uint64_t[:] starts,
    const uint64_t[:] ends,
    list sessions not None,
    bytes others,
    int key_format,
):
    """Returns (first, behind the last, trace id in hex, keys) of each run.

    `others` is what follows the session in the names; without it, and where sessions differ, keys are None.
    """
    cdef Place n = ids.shape[0], first = 0, last
    if trace_ids.shape[1] != 2 or not (
        trace_ids.shape[0] == parents.shape[0] == starts.shape[0] == ends.shape[0] == len(sessions) == n
    ):
        raise ValueError("columns of different lengths")
    cdef list runs = []
    cdef uint64_t trace_id[2]
    while first < n:
        trace_id[0] = trace_ids[first, 0]
        trace_id[1] = trace_ids[first, 1]
        last = first + 1
        while last < n and trace_ids[last, 0] == trace_id[0] and trace_ids[last, 1] == trace_id[1]:
            last += 1
        keys = None
        if others is not None and _agree(sessions, first, last):
            keys = _keys(ids, parents, starts, ends, sessions[first], others, key_format, first, last)
        runs.append((first, last, _hex(<const unsigned char*>trace_id), keys))
        first = last
    return runs


cdef bint _agree(list sessions, Place first, Place last) except -1:
    """Whether all of these spans name the same session, or none."""
    cdef Place at
    session = sessions[first]
    for at in range(first + 1, last):
        if sessions[at] is not session and sessions[at] != session:
            return False
    return True


cdef bytes _keys(
    const uint64_t[:] ids,
    const uint64_t[:] parents,
    const uint64_t[:] starts,
    const uint64_t[:] ends,
    session,
    bytes others,
    int key_format,
    Place first,
    Place last,
):
    """A head of counts, the four columns, the names."""
    cdef bytes name = b"" if session is None else (<str?>session).encode()
    cdef Place n = last - first, n_name = len(name), n_names = n_name + len(others), at
    cdef bytes keys = PyBytes_FromStringAndSize(NULL, HEAD_BYTES + 32 * n + n_names)
    cdef char* to = PyBytes_AS_STRING(keys)
    cdef uint32_t head[5]
    cdef uint64_t cell
    head[0], head[1], head[2], head[3], head[4] = n, n_names, 1, 1, 1
    to[0] = key_format
    memcpy(to + 1, head, 20)
    to += HEAD_BYTES
    for at in range(n):
        cell = ids[first + at]
        memcpy(to + 8 * at, &cell, 8)
        cell = parents[first + at]
        memcpy(to + 8 * (n + at), &cell, 8)
        cell = starts[first + at]
        memcpy(to + 8 * (2 * n + at), &cell, 8)
        cell = ends[first + at]
        memcpy(to + 8 * (3 * n + at), &cell, 8)
    to += 32 * n
    memcpy(to, PyBytes_AS_STRING(name), n_name)
    memcpy(to + n_name, PyBytes_AS_STRING(others), len(others))
    return keys


cdef str _hex(const unsigned char* trace_id):
    cdef char digits[32]
    cdef int at
    for at in range(16):
        digits[2 * at] = DIGITS[trace_id[at] >> 4]
        digits[2 * at + 1] = DIGITS[trace_id[at] & 15]
    return digits[:32].decode("ascii")


def head(bytes resource not None, bytes scope_info not None, Place n_bytes):
    """What a group begins with; so many bytes of fields with spans follow."""
    cdef Place in_scope = _size(len(scope_info)) + n_bytes
    cdef Place in_resource = _size(len(resource)) + _size(in_scope)
    cdef bytes written = PyBytes_FromStringAndSize(NULL, _size(in_resource) - n_bytes)
    cdef char* to = _begin(PyBytes_AS_STRING(written), FIRST, in_resource)
    to = _begin(to, FIRST, len(resource))
    memcpy(to, PyBytes_AS_STRING(resource), len(resource))
    to = _begin(to + len(resource), SECOND, in_scope)
    to = _begin(to, FIRST, len(scope_info))
    memcpy(to, PyBytes_AS_STRING(scope_info), len(scope_info))
    return written


cdef inline Place _size(Place length) noexcept:
    """Of a field with its tag and length."""
    cdef Place size = 2 + length
    while length > 0x7F:
        length >>= 7
        size += 1
    return size


cdef inline char* _begin(char* to, char tag, Place length) noexcept:
    """Tag and length."""
    to[0] = tag
    to += 1
    while length > 0x7F:
        to[0] = <char>(length & 0x7F | 0x80)
        length >>= 7
        to += 1
    to[0] = <char>length
    return to + 1
