"""Marshal as this Python does it: requests on standard input, replies on standard output, for the tests of the wire.

A request is a length (u32), an operation (one byte) and a payload; a reply a length and a marshalled list of bytes.
"""

import marshal
import struct
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "kernel"))
from pythreads_kernel import codec


def echo(payload):
    """Load a value, and write it in every way in which JavaScript may have to read it."""
    value = marshal.loads(payload)
    return [marshal.dumps(value, 2), marshal.dumps(value, 4), codec.dumps(value)]


def show(payload):
    """What Python takes a value for."""
    return [text(repr(marshal.loads(payload)))]


def evaluate(payload):
    """The value of an expression, or of the name `value` after statements."""
    source = payload.decode("utf-8", "surrogatepass")
    names = {}
    if "\n" in source:
        exec(source, names)
        value = names["value"]
    else:
        value = eval(source, names)
    return [marshal.dumps(value, 4), codec.dumps(value)]


def distinct(payload):
    """How many keys a dict would have: lists stand for tuples, sets for frozensets."""
    keys = marshal.loads(payload)
    return [text(str(len({hashable(key) for key in keys})))]


def hashable(key):
    if isinstance(key, list):
        return tuple(map(hashable, key))
    return frozenset(key) if isinstance(key, set) else key


def text(string):
    return string.encode("utf-8", "surrogatepass")


OPERATIONS = {b"v": echo, b"r": show, b"e": evaluate, b"d": distinct}


def main():
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while header := source.read(4):
        request = source.read(*struct.unpack("<I", header))
        try:
            reply = [b"", *OPERATIONS[request[:1]](request[1:])]
        except Exception as error:
            reply = [text(f"{type(error).__name__}: {error}")]
        data = marshal.dumps(reply, 2)
        target.write(struct.pack("<I", len(data)) + data)
        target.flush()


main()
