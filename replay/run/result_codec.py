"""Results as bytes and back, so that a report can be rendered later, elsewhere, and in another form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from .result import RunResult


def encode_result(result: RunResult) -> msgspec.Raw:
    """A result as JSON, without the folder of the project: the same run gives the same bytes on every machine."""
    return msgspec.Raw(msgspec.json.encode(result, enc_hook=_no_folder))


def decode_result(data: bytes | msgspec.Raw, root: Path) -> RunResult:
    """The result that `encode_result` gave, for a project in a folder; raises `msgspec.MsgspecError` on anything else.

    Nothing that the data names is looked up or run.
    """

    def folder(wanted: type, _said: Any) -> Path:
        if wanted is not Path:
            raise NotImplementedError(wanted)
        return root

    try:
        return msgspec.json.decode(data, type=RunResult, dec_hook=folder)
    except RecursionError as error:  # msgspec lets it through
        raise msgspec.DecodeError("it is nested too deep for a result") from error


def _no_folder(value: Any) -> str:
    if isinstance(value, Path):
        return ""
    raise NotImplementedError(type(value))
