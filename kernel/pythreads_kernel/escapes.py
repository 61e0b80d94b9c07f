"""The codes of escapes. A value that marshal cannot represent is sent as an escape: a tuple of
`...`, a code, and the fields of that code. No other tuple begins with `...`.

`src/wire/escapes.ts` has the same table; a test compares them.
"""

from __future__ import annotations

NODE = 0  # (index): the chunk with this number
DEEP = 1  # ([chunk, ...]): the whole payload; the first chunk is its root
DATE = 2  # (milliseconds since 1970 UTC), or what `dates.py` says
SCALAR = 3  # (type, text)
ARRAY = 4  # (format of one item, bytes or a SHARED)
MAP = 5  # ([key, value, ...]): a dict with keys that are escapes; from Python only
SET = 6  # ([item, ...]): a set or frozenset; from Python only
OBJECT = 7  # from Python (id, type, traits); to Python (id)
FUNCTION = 8  # to Python (id, name, is asynchronous); from Python (id): it returns
ITERATOR = 9  # to Python (id, is asynchronous)
TARGET = 10  # to Python (module:attribute)
SHARED = 11  # (size, position, segment, flag): bytes that are lent, see `borrow.py`
# from Python (dtype, shape, strides, format, data); to Python (dtype, shape, strides, offset,
# format, data)
NDARRAY = 12
# (size, position, segment, flag), and to Python whether it has escapes: the whole payload is lent
FRAME = 13
TABLE = 14  # to Python (kind, bytes of an Arrow IPC stream or a SHARED)

# Traits of an OBJECT.
CALLABLE = 1
ITERABLE = 2
ASYNC_ITERABLE = 4
ITERATOR_ITSELF = 8
CONTEXT = 16
ASYNC_CONTEXT = 32
GENERATOR = 64
