"""A module of `preload` that says READY in the kernel's place, and serves the channel itself: calls
return who it is.
"""

from __future__ import annotations

import os

from hostile_memory import MAIN, READY, RESULT, send

ready = os.environ["HOSTILE_READY"]
send(READY, 0, eval(ready, {"os": os}))


def read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(MAIN, size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data


while True:
    head = read(12)
    payload = read(int.from_bytes(head[:4], "little"))
    if head[8] == 9:  # CLOSE
        os._exit(0)
    if head[8] < 16:
        send(
            RESULT,
            int.from_bytes(head[4:8], "little"),
            os.getpid() if b"pid" in payload else "forged",
        )
