"""Memory that Python lends to JavaScript: by address in the main interpreter of the host process,
elsewhere by a copy in a file that both map.

A loan has a flag, one byte: 0 until JavaScript has read the frame that names the loan, 2 from then
on, and 1 when no array there uses the memory any more. Python reads the flags when it lends
something else, and when JavaScript requests it. When a channel ends, its loans with flag 0 end too.

`src/memory/borrow.ts` is the other side; `borrow.py` says what a segment is.
"""

from __future__ import annotations

import mmap
import os
from _thread import allocate_lock

from .allocator import Allocator
from .borrow import FILE_FLAGS, FLAG_BYTES
from .interrupts import shielded
from .loan_flags import LoanFlags
from .plain import INLINE_BYTES

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # Size, position, segment, flag.
    Loan = tuple[int, int, int, int]

# The flags are read again when one eighth of the loans is new.
_SWEEP_SHARE = 8
# The most free memory of the file that is kept while JavaScript borrows arrays, because memory that
# is new to a process is slow. V8 collects garbage only after some 160 MB of arrays.
_WARM_BYTES = 256 << 20
_MADV_REMOVE = getattr(mmap, "MADV_REMOVE", None)


class Lender:
    """The loans of one interpreter."""

    # Whether arrays in JavaScript are Python's own memory, rather than a copy.
    shares_memory = False

    def __init__(self, table: mmap.mmap, segment: int) -> None:
        """`table` begins with the flags."""
        self._segment = segment
        self._flags = LoanFlags(table)
        self._lock = allocate_lock()
        # How many small loans were made since the flags were read.
        self._unswept = 0

    def lend(self, view: memoryview, owner: object) -> Loan | None:
        """Lend contiguous memory. `None` where it cannot be lent."""
        lent: Loan | None = shielded(self._lend, view, owner)
        return lent

    def _lend(self, view: memoryview, owner: object) -> Loan | None:
        self._sweep_at_times(view.nbytes)
        held = self._hold(view)
        return None if held is None else self._register(held, view.nbytes, owner)

    def _register(self, held: Any, size: int, owner: object) -> Loan | None:
        with self._lock:
            flag = self._flags.add(held, owner)
        if flag is None:
            self._release(held)
            return None
        return size, self._position(held), self._segment, flag

    def sweep(self) -> None:
        """Take back what JavaScript does not use any more."""
        shielded(self._sweep)

    def _sweep_at_times(self, size: int) -> None:
        """Read the flags, except after most small loans: to read them for each loan takes time that
        grows with the square of the loans.
        """
        self._unswept += 1
        if size >= INLINE_BYTES or self._unswept * _SWEEP_SHARE >= self.count:
            self._unswept = 0
            self._sweep()

    def _sweep(self) -> None:
        with self._lock:
            over = self._flags.returned()
        for held in over:  # may run code of the user, which may lend something
            self._release(held)

    def retract(self, flag: int) -> None:
        """End a loan whose frame is not sent."""
        shielded(self._retract, flag)

    def _retract(self, flag: int) -> None:
        with self._lock:
            held = self._flags.remove(flag)
        self._release(held)

    def end(self, owner: object) -> None:
        """A channel has ended: end its loans whose frame JavaScript has not read."""
        with self._lock:
            over = self._flags.unread(owner)
        for held in over:
            self._release(held)

    @property
    def count(self) -> int:
        """How many loans there are."""
        return len(self._flags.loans)

    def _hold(self, view: memoryview) -> Any:
        raise NotImplementedError

    def _position(self, held: Any) -> int:
        raise NotImplementedError

    def _release(self, held: Any) -> None:
        raise NotImplementedError


class AddressLender(Lender):
    """Lends the memory itself, which JavaScript has in the same process."""

    shares_memory = True

    def __init__(self) -> None:
        """Make the table of flags, which is never freed."""
        import ctypes  # takes 10 ms

        table = mmap.mmap(-1, FLAG_BYTES)
        super().__init__(table, ctypes.addressof(ctypes.c_ubyte.from_buffer(table)))

        class Buffer(ctypes.Structure):
            _fields_ = (
                *(("buf", ctypes.c_void_p), ("obj", ctypes.py_object), ("len", ctypes.c_ssize_t)),
                *(
                    ("itemsize", ctypes.c_ssize_t),
                    ("readonly", ctypes.c_int),
                    ("ndim", ctypes.c_int),
                ),
                *(
                    (name, ctypes.c_void_p)
                    for name in ("format", "shape", "strides", "suboffsets", "internal")
                ),
            )

        self._buffer: Any = Buffer
        api = ctypes.PyDLL(None)
        self._get = api.PyObject_GetBuffer
        self._get.argtypes = (ctypes.py_object, ctypes.POINTER(Buffer), ctypes.c_int)
        self._give_back = api.PyBuffer_Release
        self._give_back.argtypes = (ctypes.POINTER(Buffer),)
        self._give_back.restype = None

    def _hold(self, view: memoryview) -> Any:
        """A buffer of the view. As long as it is held, nothing can resize the array."""
        buffer = self._buffer()
        self._get(view, buffer, 0)
        return buffer

    def _position(self, held: Any) -> int:
        position: int = held.buf
        return position

    def _release(self, held: Any) -> None:
        self._give_back(held)


class FileLender(Lender):
    """Lends copies, in a file without a name that JavaScript maps too."""

    def __init__(self, fd: int, capacity: int) -> None:
        """`fd`: of a file that `_make_file` made. `capacity`: how many bytes may be lent at
        a time.
        """
        self._fd = fd
        self._map = mmap.mmap(fd, FLAG_BYTES + capacity, FILE_FLAGS)
        super().__init__(self._map, -fd)
        self._allocator = Allocator(FLAG_BYTES, FLAG_BYTES + capacity)
        self._view = memoryview(self._map)
        self._used = 0

    def lend_filled(
        self, size: int, fill: Callable[[memoryview], object], owner: object
    ) -> Loan | None:
        """As `lend`, of memory that `fill` writes."""
        self.sweep()
        held = shielded(self._take, size)
        if held is None:
            return None
        try:
            fill(self._view[held[0] : held[0] + size])
        except BaseException:
            shielded(self._release, held)
            raise
        lent: Loan | None = shielded(self._register, held, size, owner)
        return lent

    def _take(self, size: int) -> Any:
        with self._lock:
            start = self._allocator.take(size)
            if start is None:
                return None
            self._used += size
        return start, size

    def _hold(self, view: memoryview) -> Any:
        held = self._take(view.nbytes)
        if held is not None:
            self._view[held[0] : held[0] + held[1]] = view
        return held

    def _position(self, held: Any) -> int:
        start: int = held[0]
        return start

    def _release(self, held: Any) -> None:
        start, size = held
        with self._lock:
            self._used -= size
            self._forget(start, size)
            self._allocator.give_back(start, size)

    def trim(self) -> None:
        """Take back what JavaScript does not use any more, and give all memory that is free back to
        the system.
        """
        self.sweep()
        with self._lock:
            for start, end in self._allocator.free():
                self._remove(start, end)

    def close(self) -> None:
        """Give back the mapping and its descriptors. Nothing is lent any more; JavaScript has a
        mapping of its own.
        """
        with self._lock:
            os.close(self._fd)
            self._view.release()
            self._map.close()

    def _forget(self, start: int, size: int) -> None:
        """Give memory that becomes free back to the system, where there is much of it."""
        if size >= INLINE_BYTES and os.fstat(self._fd).st_blocks * 512 - self._used > _WARM_BYTES:
            self._remove(start, start + size)

    def _remove(self, start: int, end: int) -> None:
        first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
        length = end // mmap.PAGESIZE * mmap.PAGESIZE - first
        if _MADV_REMOVE is not None and length > 0:
            self._map.madvise(_MADV_REMOVE, first, length)


_capacity = 0
# The file from which this interpreter lends, which JavaScript has open from the start; -1: none.
_file = -1
_by_address = False
_lender: Lender | None = None
_is_possible = True
_make = allocate_lock()


def by_address() -> None:
    """Lend the memory itself from now on: this is the main interpreter of the host."""
    global _by_address  # noqa: PLW0603
    _by_address = True


def shares_memory() -> bool:
    """Whether arrays in JavaScript are Python's own memory, rather than copies."""
    return _by_address and _is_possible


def offer(capacity: int) -> int:
    """Make the file from which this interpreter will lend, at most `capacity` bytes at a time.
    Return its descriptor.

    -1 stands for none: memory is lent by address, or sent. JavaScript opens the file before the
    first call, so what changes later (a host that drops its privileges) does not matter.
    """
    global _capacity, _file  # noqa: PLW0603
    _capacity = capacity
    if _is_possible and not _by_address and _file < 0:
        try:
            _file = _make_file(FLAG_BYTES + capacity)
        except (OSError, AttributeError, ImportError):  # no such files here, or none to spare
            stop()
    return _file


def _make_file(size: int) -> int:
    fd = os.memfd_create("pythreads", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, size)
        import fcntl  # a file of the user's may have its name

        # Nobody can make the file shorter, which would crash processes that have mapped it.
        fcntl.fcntl(
            fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        )
    except BaseException:
        os.close(fd)
        raise
    return fd


def stop() -> None:
    """Lend nothing: JavaScript cannot see this memory. Everything is sent by the channel."""
    global _is_possible, _file  # noqa: PLW0603
    _is_possible = False
    if _file >= 0 and _lender is None:
        os.close(_file)
        _file = -1


def close() -> None:
    """The interpreter's only channel has ended. What JavaScript still has is mapped there, and
    stays.
    """
    global _lender, _file, _is_possible
    with _make:
        lender, file = _lender, _file
        _lender, _file, _is_possible = None, -1, False
    if isinstance(lender, FileLender):
        try:
            lender.close()
        except BufferError:  # a thread that is left is writing to it
            pass
    elif file >= 0:
        os.close(file)


def lender() -> Lender | None:
    """The lender of this interpreter, made when it is first needed; `None` where nothing can be
    lent.
    """
    global _lender, _is_possible  # noqa: PLW0603
    if _lender is None and _is_possible:
        with _make:
            try:
                _lender = _lender or (
                    AddressLender() if _by_address else FileLender(_file, _capacity)
                )
            except (OSError, MemoryError):  # no room for the mapping now: this value is sent
                return None
            except (ImportError, AttributeError, ValueError):  # no ctypes
                _is_possible = False
    return _lender


def sweep() -> None:
    """Take back what JavaScript does not use any more."""
    if _lender is not None:
        _lender.sweep()


def trim() -> None:
    """Nothing is lent for a while: keep no free memory."""
    if isinstance(_lender, FileLender):
        _lender.trim()


def end(owner: object) -> None:
    """End the loans of a channel whose frames JavaScript has not read and will not read."""
    if _lender is not None:
        _lender.end(owner)
