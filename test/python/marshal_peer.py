"""Marshal as this Python does it: requests on standard input, replies on standard output, for the
tests of the wire.

A request is a length (u32), an operation (one byte) and a payload; a reply a length and a
marshalled list of bytes.
"""

import marshal
import struct
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "kernel"))
from pythreads_kernel import decode, encode, escapes, plain
from pythreads_kernel.channel import Channel
from pythreads_kernel.scope import Scope

CHANNEL = Channel(Scope(), None)


def loaded(payload):
    """The value that JavaScript wrote."""
    value = marshal.loads(payload)
    if type(value) is tuple and value[1] == escapes.DEEP:
        chunks = value[2]
        chunks[0] = [chunks[0]]
        return decode.unescape(value, CHANNEL)[0]
    return decode.unescape((value,), CHANNEL)[0]


def written(value, *versions):
    """A value as the kernel writes it; if it is plain, also as marshal does. Version 2 knows no
    references.
    """
    if plain.dumps_plain(value) is None:
        versions = ()
    elif 2 in versions and not is_tree(value):
        versions = tuple(version for version in versions if version != 2)
    return [*(marshal.dumps(value, version) for version in versions), encode.dumps(value, CHANNEL)]


def is_tree(value):
    """Whether nothing in it is there twice, itself included."""
    seen = set()
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, (list, dict)) and value:
            if id(value) in seen:
                return False
            seen.add(id(value))
        if isinstance(value, dict):
            stack += [*value, *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            stack += value
    return True


def echo(payload):
    """Load a value, and write it in every way in which JavaScript may have to read it."""
    return written(loaded(payload), 2, 4)


def show(payload):
    """What Python takes a value for."""
    return [text(repr(loaded(payload)))]


def evaluate(payload):
    """The value of an expression, or of the name `value` after statements."""
    source = payload.decode("utf-8", "surrogatepass")
    names = {}
    if "\n" in source:
        exec(source, names)
        value = names["value"]
    else:
        value = eval(source, names)
    return written(value, 4)


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
