"""Readers of open files and streams in memory: what is left in them, read beside them.

Nothing of the stream is moved, not even for a moment: the position is asked for, and the content is read past the
stream. Only streams of the standard library down to the file itself are read, and only where no attribute of an
instance hides one of their methods.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from typing import Any, Final

from ..raw import dict_getter, namespace_of_module
from .protocol import TypeAdapter, Unreadable

FILE_LIMIT: Final = 1_000_000
"""Bytes of an open file, or of a stream in memory, that are captured."""

_ENCODINGS: Final = frozenset({"utf8", "ascii", "usascii", "latin1", "iso88591", "cp1252"})
"""Encodings without a state, whose codecs are the interpreter's."""
_HANDLERS: Final = frozenset({"strict", "ignore", "replace", "backslashreplace", "surrogateescape", "surrogatepass"})
_ATTRIBUTES: Final = frozenset({"name", "mode"})
"""What `open` itself puts into the `__dict__` of a stream."""

# Taken before anyone could patch them.
_pread, _fstat = getattr(os, "pread", None), os.fstat
_buffer_of = vars(io.TextIOWrapper)["buffer"].__get__
_encoding_of = vars(io.TextIOWrapper)["encoding"].__get__
_errors_of = vars(io.TextIOWrapper)["errors"].__get__
_raw_of = vars(io.BufferedReader)["raw"].__get__
_is_closed = vars(io.FileIO)["closed"].__get__
_NOT_IN_PLACE: Final = "it is no open file that can be read in place"


def _is_untouched(stream: Any) -> bool:
    """Whether no attribute of the instance hides a method."""
    getter = dict_getter(type(stream))
    held = getter(stream) if getter is not None else {}
    return type(held) is dict and all(type(name) is str and name in _ATTRIBUTES for name in held)


def _file_under(buffered: Any) -> io.FileIO:
    """The file at the bottom of a buffered reader; raises `Unreadable`."""
    if type(buffered) is not io.BufferedReader or not _is_untouched(buffered):
        raise Unreadable(_NOT_IN_PLACE)
    raw = _raw_of(buffered)
    if type(raw) is not io.FileIO or not _is_untouched(raw) or _is_closed(raw) or _pread is None:
        raise Unreadable(_NOT_IN_PLACE)
    about = _fstat(io.FileIO.fileno(raw))
    if not stat.S_ISREG(about.st_mode) or about.st_size > FILE_LIMIT:
        raise Unreadable("it is no regular file, or a large one")
    return raw


def _rest_of(buffered: Any) -> bytes:
    raw = _file_under(buffered)
    return _read_from(raw, io.BufferedReader.tell(buffered))


def _read_from(raw: io.FileIO, position: int) -> bytes:
    assert _pread is not None
    found: bytes = _pread(io.FileIO.fileno(raw), FILE_LIMIT, position)
    return found


def _rest_of_text(wrapper: Any) -> str:
    raw = _file_under(_buffer_of(wrapper))
    encoding, errors = _encoding_of(wrapper), _errors_of(wrapper)
    if not (type(encoding) is str and type(errors) is str and _is_untouched(wrapper)):
        raise Unreadable(_NOT_IN_PLACE)
    if encoding.lower().replace("-", "").replace("_", "") not in _ENCODINGS or errors not in _HANDLERS:
        raise Unreadable(f"its encoding is {encoding}, its errors are handled by {errors}")
    position = io.TextIOWrapper.tell(wrapper)
    if position >> 63:  # a cookie that holds more than a place in the file
        raise Unreadable("it stands within a character")
    content = _read_from(raw, position).decode(encoding, errors)
    if "\r" in content:
        raise Unreadable("its lines end in more than a line feed, and how they are read is not known")
    return content


_is_text_closed = vars(io.StringIO)["closed"].__get__
_is_bytes_closed = vars(io.BytesIO)["closed"].__get__


def _text_in_memory(stream: Any) -> tuple[Any, ...]:
    if _is_text_closed(stream):
        raise Unreadable("it is closed")
    position = io.StringIO.tell(stream)
    if position > FILE_LIMIT:
        raise Unreadable(f"it holds more than {FILE_LIMIT} bytes")
    return io.StringIO.getvalue(stream), position


def _bytes_in_memory(stream: Any) -> tuple[Any, ...]:
    if _is_bytes_closed(stream):
        raise Unreadable("it is closed")
    if io.BytesIO.__sizeof__(stream) > 2 * FILE_LIMIT:
        raise Unreadable(f"it holds more than {FILE_LIMIT} bytes")
    return io.BytesIO.getvalue(stream), io.BytesIO.tell(stream)


def standard_name(stream: Any) -> str:
    """`stdout`, `stderr` or `stdin`, where a stream is the one that stands there now; else empty."""
    namespace = namespace_of_module(sys)
    return next((name for name in ("stdout", "stderr", "stdin") if namespace.get(name) is stream), "")


ADAPTERS: Final[tuple[TypeAdapter, ...]] = (
    TypeAdapter("textstream", (io.StringIO,), _text_in_memory, is_mutable=True),
    TypeAdapter("textstream", (io.TextIOWrapper,), lambda stream: (_rest_of_text(stream), 0), is_mutable=True),
    TypeAdapter("bytestream", (io.BytesIO,), _bytes_in_memory, is_mutable=True),
    TypeAdapter("bytestream", (io.BufferedReader,), lambda stream: (_rest_of(stream), 0), is_mutable=True),
)
"""Streams that can be read in place."""
