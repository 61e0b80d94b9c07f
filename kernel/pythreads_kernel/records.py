"""Records of a file through a function, a chunk of whole records at a time: what `pythreads map`
calls.

Reading and writing happen here, so that a record meets the same `json` and `csv` modules, with
their default settings, as in a plain Python loop: `json.dumps(function(json.loads(line)))`.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .exceptions import describe
from .json_text import plain
from .targets import resolve_callable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class InputError(ValueError):
    """A record is malformed in its format."""


class OutputError(TypeError):
    """The result of the function cannot be written in this format."""


Failure = dict[str, Any]


def run(
    target: str,
    chunk: memoryview,
    first_line: int,
    *,
    fmt: str,
    out: str,
    stop: bool,
    columns: list[str] | None = None,
    header: list[str] | None = None,
) -> dict[str, Any]:
    """Call the function for each record of a chunk.

    Return the rows to write, the number of records, the failures with their lines, and the seconds
    that passed. `stop`: end at the first failure. `fmt`: the format of the input; `out`: of the
    output. `columns` are the columns of the input. `header` are those of the output, once they are
    known, where it is CSV.
    """
    start = perf_counter()
    function = resolve_callable(target)
    reader: Iterator[tuple[int, Any]] = _READERS[fmt](bytes(chunk), first_line, columns)
    rows: Any = _CsvRows(header, _DIALECTS[out]) if out in _DIALECTS else _WRITERS[out]()
    failures: list[Failure] = []
    records = 0
    for line, record in reader:
        records += 1
        try:
            if isinstance(record, InputError):
                raise record
            rows.add(function(record))
        except BaseException as error:
            details = describe(error)
            if isinstance(error, InputError):
                details["code"] = "ERR_PYTHREADS_INPUT"
            failures.append({"line": line, "error": details})
            if stop:
                break
    return {
        "rows": rows.text().encode("utf-8", "surrogatepass"),
        "records": records,
        "failures": failures,
        "columns": rows.columns,
        "seconds": perf_counter() - start,
    }


def _lines(data: bytes, first_line: int) -> Iterator[tuple[int, str | InputError]]:
    """The lines of a chunk without their ends, or an error for a line that is not UTF-8. A byte
    order mark is left out.
    """
    body = data[:-1] if data.endswith(b"\n") else data
    if first_line == 1:
        body = body.removeprefix(codecs.BOM_UTF8)
    try:
        yield from enumerate(body.decode("utf-8").split("\n"), first_line)
    except UnicodeDecodeError:
        for number, raw in enumerate(body.split(b"\n"), first_line):
            try:
                yield number, raw.decode("utf-8")
            except UnicodeDecodeError as error:
                yield (
                    number,
                    InputError(
                        f"line {number} is not UTF-8: {error.reason} at byte {error.start + 1}"
                    ),
                )


def _read_lines(
    data: bytes, first_line: int, _columns: list[str] | None
) -> Iterator[tuple[int, Any]]:
    for number, line in _lines(data, first_line):
        yield number, line.removesuffix("\r") if isinstance(line, str) else line


def _read_jsonl(
    data: bytes, first_line: int, _columns: list[str] | None, *, unit: str = "line"
) -> Iterator[tuple[int, Any]]:
    """The values of a chunk. Blank lines are no records: many programs write them at the end, or
    between parts.
    """
    loads = json.loads
    for number, line in _lines(data, first_line):
        if isinstance(line, str):
            try:
                value = loads(line)
            except (ValueError, RecursionError) as error:
                if line and not line.isspace():
                    yield number, InputError(f"{unit} {number} is not JSON: {error}")
                continue
            yield number, value
        else:
            yield number, line


def _read_csv(
    data: bytes, first_line: int, columns: list[str], *, dialect: str = "excel"
) -> Iterator[tuple[int, Any]]:
    text = data.decode("utf-8", "surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    rest = iter(lines)
    reader = csv.reader(rest, dialect, strict=True)
    skipped = 0
    while True:
        start = reader.line_num + skipped
        line = first_line + start
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, InputError(f"line {line} is not CSV: {error}")
            # The rest of a record that is too long, or broken, is not read as records.
            quotes = sum(each.count('"') for each in lines[start : reader.line_num + skipped])
            while quotes % 2 == 1 and (more := next(rest, None)) is not None:
                skipped += 1
                quotes += more.count('"')
            continue
        if not all(map(_is_unicode, fields)):
            yield line, InputError(f"line {line} is not UTF-8")
        elif len(fields) == len(columns):
            yield line, dict(zip(columns, fields, strict=True))
        elif fields:
            yield (
                line,
                InputError(f"line {line} has {len(fields)} fields, the header has {len(columns)}"),
            )


def _is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: it has no lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def csv_columns(record: memoryview, fmt: str) -> list[str]:
    """The columns that the first record of a file names."""
    try:
        rows = csv.reader(
            io.StringIO(bytes(record).decode("utf-8-sig"), newline=""), _DIALECTS[fmt], strict=True
        )
        return next(rows, [])
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"the header (line 1) is not CSV: {error}") from None


class _Lines:
    """Rows of one line each."""

    columns: list[str] | None = None

    def __init__(self) -> None:
        self._rows: list[str] = []

    def add(self, result: Any) -> None:
        if not isinstance(result, str):
            raise OutputError(
                f"a line has to be a str, the function returned {type(result).__qualname__}"
            )
        if "\n" in result:
            raise OutputError("a line cannot have a line break in it")
        if not _is_unicode(result):
            raise OutputError("the line has a lone surrogate and cannot be written as UTF-8")
        self._rows.append(result)

    def text(self) -> str:
        self._rows.append("")
        return "\n".join(self._rows)


class _JsonLines(_Lines):
    """One JSON value in each line."""

    def add(self, result: Any) -> None:
        try:
            text = json.dumps(result)  # with its default settings it need not make an encoder
        except TypeError:
            text = self._with_copies(result)
        self._rows.append(text)

    @staticmethod
    def _with_copies(result: Any) -> str:
        try:
            return json.dumps(result, default=plain)
        except TypeError as error:
            raise OutputError(f"the result cannot be written: {error}") from None


class _JsonItems(_JsonLines):
    """Items of a JSON array, each after its separator. The host opens and closes the array."""

    def text(self) -> str:
        return "".join([f",\n{row}" for row in self._rows])


class _CsvRows:
    """Rows of CSV. The keys of the first mapping are the header; later mappings must have the same
    keys.
    """

    def __init__(self, header: list[str] | None, dialect: str) -> None:
        self.columns = header
        self._out = io.StringIO(newline="")
        self._writer = csv.writer(self._out, dialect)

    def add(self, result: Any) -> None:
        if isinstance(result, (dict, Mapping)):  # dict first, as that check is quicker
            if self.columns is None:
                self.columns = [str(key) for key in result]
                self._write(self.columns)
            if result.keys() != set(self.columns):
                raise OutputError(
                    f"the columns are {', '.join(self.columns)}; this row has {', '.join(map(str, result))}"
                )
            self._write([result[column] for column in self.columns])
        elif isinstance(result, list | tuple):
            if self.columns is None:
                self.columns = []  # no header
            self._write(result)
        else:
            raise OutputError(
                f"a row is a mapping, a list or a tuple, the function returned {type(result).__qualname__}"
            )

    def _write(self, fields: Sequence[Any]) -> None:
        if not all(_is_unicode(field) for field in fields if isinstance(field, str)):
            raise OutputError("a field has a lone surrogate and cannot be written as UTF-8")
        self._writer.writerow(fields)

    def text(self) -> str:
        return self._out.getvalue()


_DIALECTS = {"csv": "excel", "tsv": "excel-tab"}
_READERS: dict[str, Callable[..., Iterator[tuple[int, Any]]]] = {
    "jsonl": _read_jsonl,
    "json": partial(_read_jsonl, unit="item"),
    "lines": _read_lines,
    "csv": _read_csv,
    "tsv": partial(_read_csv, dialect="excel-tab"),
}
_WRITERS: dict[str, Callable[[], _Lines]] = {
    "jsonl": _JsonLines,
    "json": _JsonItems,
    "lines": _Lines,
}
