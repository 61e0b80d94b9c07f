"""Objects that JavaScript holds."""

import contextlib
import dataclasses
import enum
import threading
import weakref

log = []
alive = weakref.WeakSet()


class Thing:
    """Something to hold."""

    kind = "thing"

    def __init__(self, value=0, *, other=None):
        self.value = value
        self.other = other
        alive.add(self)

    def get(self):
        return self.value

    def add(self, *numbers, factor=1):
        self.value += sum(numbers) * factor
        return self.value

    def itself(self):
        return self

    def make(self, value):
        return Thing(value)

    def __eq__(self, other):
        return isinstance(other, Thing) and other.value == self.value

    def __hash__(self):
        return hash(self.value)

    def __lt__(self, other):
        return self.value < other.value

    def __call__(self, *args, **kwargs):
        return [self.value, list(args), kwargs]

    def __repr__(self):
        return f"Thing({self.value})"

    def __del__(self):
        log.append(["del", self.value, threading.get_ident()])


class Table:
    """A mapping of its own."""

    def __init__(self):
        self.rows = {}

    def __getitem__(self, key):
        return self.rows[key]

    def __setitem__(self, key, value):
        self.rows[key] = value

    def __delitem__(self, key):
        del self.rows[key]

    def __contains__(self, key):
        return key in self.rows

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)


class Hostile:
    """Raises whatever is done with it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")

    __str__ = __repr__

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __hash__(self):
        raise RuntimeError("hash")

    def __len__(self):
        raise RuntimeError("len")

    def __bool__(self):
        raise RuntimeError("bool")

    def __iter__(self):
        raise RuntimeError("iter")

    def __dir__(self):
        raise RuntimeError("dir")


class Liar:
    """Claims to be of another class."""

    @property
    def __class__(self):
        raise RuntimeError("class")


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0
    inner: object = None


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1


class Names:
    """Attributes whose names mean something in JavaScript."""


for position, name in enumerate(
    ["then", "toJSON", "toJS", "constructor", "__proto__", "prototype", "length", "name", "$get"]
):
    setattr(Names, name, position)


class Context:
    def __init__(self, swallows=False, raises=None):
        self.swallows = swallows
        self.raises = raises
        self.seen = []

    def __enter__(self):
        self.seen.append("enter")
        return {"entered": True}

    def __exit__(self, kind, error, trace):
        self.seen.append(None if kind is None else [kind.__name__, str(error)])
        if self.raises is not None:
            raise self.raises("in exit")
        return self.swallows


@contextlib.contextmanager
def by_generator():
    try:
        yield 5
    except Exception as error:
        log.append(["seen", type(error).__name__])
        raise
    finally:
        log.append(["left"])


def things(count):
    return [Thing(number) for number in range(count)]


def living():
    return len(alive)


def take_log():
    found = list(log)
    log.clear()
    return found


def identity(value):
    return value


def get(container):
    return container["a"][0].value


def thread():
    return threading.get_ident()
