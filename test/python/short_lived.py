"""Workers whose loop ends, in every isolation: when it reads a large frame, or when it gets any
request while a file is there.
"""

import os

from pythreads_kernel import frames
from pythreads_kernel.current import current


def fears_large_frames():
    """Let the loop end in this interpreter when it is to make room for a large frame."""

    def array(value):
        if value > 65536:
            raise LookupError("a large frame")
        return bytearray(value)

    frames.bytearray = array


def fears_nothing():
    """Undo that: workers in threads share their interpreter with those of other pools."""
    vars(frames).pop("bytearray", None)


def has_small_frames(most):
    """Let frames be so small that a test can have one that is too large. Answers how large they
    were.
    """
    before, frames.MAX_PAYLOAD = frames.MAX_PAYLOAD, most
    return before


def large(length):
    """A value that is neither lent nor in one piece with its header."""
    return ["x" * length]


async def large_later(length):
    return large(length)


def ends_while_there_is(path):
    """Let the loop of this worker end when it gets a request, before it begins it, as long as
    there is a file.
    """
    channel = current.channel
    handle = channel._handle_frame

    def fragile(*frame):
        if os.path.exists(path):
            raise LookupError("the file is there")
        handle(*frame)

    channel._handle_frame = fragile
