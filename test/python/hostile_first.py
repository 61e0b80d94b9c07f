"""A module whose import sends the first frame of its worker."""

import marshal
import os
import struct
import threading

PAYLOADS = {
    64: b"",
    65: marshal.dumps(1),
    66: marshal.dumps({"message": "x"}),
    68: marshal.dumps([1, [], 0, 0]),
}

kind = int(os.environ["HOSTILE_FIRST"])
payload = marshal.dumps(1) if kind == 64 else PAYLOADS.get(kind, b"")
os.write(3, struct.pack("<IIBBH", len(payload), 0, kind, 0, 0) + payload)
threading.Event().wait()
