"""Every way to fail."""

import builtins


def value(message="wrong"):
    raise ValueError(message)


def outer(depth=3):
    if depth:
        return outer(depth - 1)
    return value("deep")


def caused():
    try:
        int("x")
    except ValueError as error:
        raise RuntimeError("outer") from error


def in_context():
    try:
        value("first")
    except ValueError:
        {}["key"]


def suppressed():
    try:
        value("hidden")
    except ValueError:
        raise LookupError("shown") from None


def noted():
    error = KeyError("k")
    error.__notes__ = ["first note", "second\nnote", 3]
    raise error


class Backport(Exception):  # noqa: N818
    """What Python 3.10 has instead of an ExceptionGroup, e.g. from the package exceptiongroup."""

    def __init__(self, message, exceptions):
        super().__init__(message)
        self.exceptions = tuple(exceptions)

    def __str__(self):
        return f"{self.args[0]} ({len(self.exceptions)} sub-exceptions)"


Backport.__qualname__ = "ExceptionGroup"


def grouped():
    group = getattr(builtins, "ExceptionGroup", Backport)
    try:
        value("one")
    except ValueError as one:
        raise group(
            "several", [one, group("inner", [TypeError("two"), OSError(2, "three")])]
        ) from LookupError("why")


def exits():
    raise SystemExit(3)


def interrupts():
    raise KeyboardInterrupt


class Base(BaseException):
    pass


def base():
    raise Base("not an Exception")


def cyclic_cause():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


def recurses():
    return recurses()


def long_chain():
    error = ValueError("0")
    for number in range(1, 300):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    raise error


class Texts(str):  # noqa: SLOT000
    pass


class Unprintable(Exception):  # noqa: N818
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class Unreadable(Exception):  # noqa: N818
    @property
    def exceptions(self):
        raise RuntimeError("no members")

    @property
    def __notes__(self):
        raise RuntimeError("no notes")


class Meta(type):
    def __getattribute__(cls, name):
        if name in ("__qualname__", "__module__"):
            raise RuntimeError("no name")
        return super().__getattribute__(name)


class Nameless(Exception, metaclass=Meta):  # noqa: N818
    pass


class Surrogate(Exception):  # noqa: N818
    def __str__(self):
        return Texts("a\0b \ud800 \U0001f600")


class Unprintable2(ImportError):  # noqa: N818
    """An import error is looked into for what refused to load."""

    def __str__(self):
        raise RuntimeError("no text")


class Outside:
    class Inside(ValueError):  # noqa: N818
        pass


def own(name):
    raise getattr(Outside, "Inside")("mine") if name == "Inside" else globals()[name]()  # noqa: B009


def underlined(numbers=(1, 2, 3)):
    return (
        1
        + numbers[
            10
        ]
    ) + value("not reached")  # fmt: skip


def chained_in_context():
    try:
        caused()
    except RuntimeError:
        underlined()


def recursive(depth=12):
    return recursive(depth - 1) if depth else 1 / 0


def misspelt():
    return "text".uper()


def traceback_of(name):
    import traceback

    try:
        globals()[name]()
    except Exception as error:
        error.__traceback__ = error.__traceback__.tb_next
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
