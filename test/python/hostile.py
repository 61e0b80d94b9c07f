"""What a worker process does that was taken over: it writes frames, and whatever else it can reach,
beside the kernel.

`test/harness/fuzz` makes the frames. A frame is (channel, whether the id counts from the own
request, id, length, kind, payload, how many bytes of its end are not written).
"""

import functools
import json
import mmap
import os
import struct
import time

MAIN, SIDE, STATUS = 3, 4, 5
FLAG_BYTES = 1 << 20


@functools.cache
def ground(folder):
    """Open what frames can name, once: the numbers are the same in each worker. Every file is
    opened for reading alone.
    """
    from pythreads_kernel import lend

    lender = getattr(lend, "_lender", None)
    bare = os.memfd_create("bare", os.MFD_ALLOW_SEALING)
    os.ftruncate(bare, FLAG_BYTES * 2)
    short = os.memfd_create("pythreads", os.MFD_ALLOW_SEALING)
    files = [
        os.open(os.path.join(folder, name), os.O_RDONLY) for name in sorted(os.listdir(folder))
    ]
    return {"lent": getattr(lender, "_fd", -1), "bare": bare, "short": short, "files": files}


def fill(fd, image):
    """Write into the memory that is lent."""
    if fd < 0:
        return
    with mmap.mmap(fd, FLAG_BYTES + len(image)) as memory:
        memory[FLAG_BYTES : FLAG_BYTES + len(image)] = image


def play(frames, image, folder, how):
    """Play frames within a call. `how`: what else happens, and how it ends."""
    known = ground(folder)
    fill(known["lent"], image)
    fill(known["bare"], image)
    scribble(how)
    write_all(frames, request())
    if how.get("shrink"):
        os.ftruncate(known["bare"], 0)
    time.sleep(how.get("linger", 0))
    if how.get("exit"):
        os._exit(how["exit"])
    return "played"


def request():
    from pythreads_kernel.current import current

    return getattr(current.channel, "_request", 0) or 0


def write_all(frames, own):
    for channel, is_own, number, length, kind, payload, cut in frames:
        identity = (own + number if is_own else number) & 0xFFFFFFFF
        data = memoryview(struct.pack("<III", length, identity, kind) + payload)
        data = data[: len(data) - cut]
        while data:
            data = data[os.write(channel, data) :]


def scribble(how):
    """Write to the status page, and change its size."""
    for position, data in how.get("status", ()):
        os.pwrite(STATUS, data, position)
    if "size" in how:
        os.ftruncate(STATUS, how["size"])


def play_at_import():
    """Play the frames of the file that the environment names, while this worker starts."""
    path = os.environ.get("HOSTILE_FRAMES")
    if not path:
        return
    with open(path, encoding="ascii") as file:
        told = json.load(file)
    import base64

    write_all([[*frame[:5], base64.b64decode(frame[5]), frame[6]] for frame in told["frames"]], 0)
    time.sleep(told["linger"])
    if told["exit"]:
        os._exit(told["exit"])
