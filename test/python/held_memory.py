"""What the Python of a worker holds."""

import ctypes
import gc
import os
import sys

NAMES = (
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost",
)


class Sizes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES]


# Of glibc 2.33 and newer.
mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
if mallinfo is not None:
    mallinfo.restype = Sizes


def held():
    """The process, the blocks of this interpreter's objects, and the bytes that malloc has
    given out in the process.
    """
    gc.collect()
    sizes = Sizes() if mallinfo is None else mallinfo()
    return {
        "pid": os.getpid(),
        "blocks": sys.getallocatedblocks(),
        "malloc": sizes.uordblks + sizes.hblkhd,
    }
