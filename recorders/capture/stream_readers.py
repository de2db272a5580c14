"""Readers of open files and streams in memory: what is left in them, read beside them.

Nothing of the stream is moved, not even for a moment: the position is asked for, and the content is read past the
stream. Only streams of the standard library down to the file itself are read, and only where no attribute of an
instance hides one of their methods.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .pickle_stubs import Opaque, Standard
from .raw import class_name, dict_getter

Reduced: TypeAlias = Any

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


class _Refused(Exception):
    """A stream cannot be read; the message is the reason of its mark."""


def _is_untouched(stream: Any) -> bool:
    """Whether no attribute of the instance hides a method."""
    getter = dict_getter(type(stream))
    held = getter(stream) if getter is not None else {}
    return type(held) is dict and all(type(name) is str and name in _ATTRIBUTES for name in held)


def _file_under(buffered: Any) -> io.FileIO:
    """The file at the bottom of a buffered reader; raises `_Refused`."""
    if type(buffered) is not io.BufferedReader or not _is_untouched(buffered):
        raise _Refused(_NOT_IN_PLACE)
    raw = _raw_of(buffered)
    if type(raw) is not io.FileIO or not _is_untouched(raw) or _is_closed(raw) or _pread is None:
        raise _Refused(_NOT_IN_PLACE)
    about = _fstat(io.FileIO.fileno(raw))
    if not stat.S_ISREG(about.st_mode) or about.st_size > FILE_LIMIT:
        raise _Refused("it is no regular file, or a large one")
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
        raise _Refused(_NOT_IN_PLACE)
    if encoding.lower().replace("-", "").replace("_", "") not in _ENCODINGS or errors not in _HANDLERS:
        raise _Refused(f"its encoding is {encoding}, its errors are handled by {errors}")
    position = io.TextIOWrapper.tell(wrapper)
    if position >> 63:  # a cookie that holds more than a place in the file
        raise _Refused("it stands within a character")
    content = _read_from(raw, position).decode(encoding, errors)
    if "\r" in content:
        raise _Refused("its lines end in more than a line feed, and how they are read is not known")
    return content


def _reading(kind: str, rest: Callable[[Any], Any]) -> Callable[[Any], Reduced]:
    def read(stream: Any) -> Reduced:
        try:
            return Standard, (kind, rest(stream), 0)
        except _Refused as refusal:
            return Opaque, (class_name(type(stream)), str(refusal))

    return read


_is_text_closed = vars(io.StringIO)["closed"].__get__
_is_bytes_closed = vars(io.BytesIO)["closed"].__get__
_CLOSED: Final[Reduced] = (Opaque, ("io:IOBase", "it is closed"))


def _large(stream: Any) -> Reduced:
    return Opaque, (class_name(type(stream)), f"it holds more than {FILE_LIMIT} bytes")


def _read_text_in_memory(stream: Any) -> Reduced:
    if _is_text_closed(stream):
        return _CLOSED
    position = io.StringIO.tell(stream)
    if position > FILE_LIMIT:
        return _large(stream)
    return Standard, ("textstream", io.StringIO.getvalue(stream), position)


def _read_bytes_in_memory(stream: Any) -> Reduced:
    if _is_bytes_closed(stream):
        return _CLOSED
    if io.BytesIO.__sizeof__(stream) > 2 * FILE_LIMIT:
        return _large(stream)
    return Standard, ("bytestream", io.BytesIO.getvalue(stream), io.BytesIO.tell(stream))


STREAMS: Final[dict[type, Callable[[Any], Reduced]]] = {
    io.StringIO: _read_text_in_memory,
    io.BytesIO: _read_bytes_in_memory,
    io.TextIOWrapper: _reading("textstream", _rest_of_text),
    io.BufferedReader: _reading("bytestream", _rest_of),
}
"""Streams by their reader."""
