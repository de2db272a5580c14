"""The page `docs/command_line.md`, made from the commands themselves and the values that they print.

python -m tests.command_line_reference        # writes it anew; a test says when that is needed
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from pytest_runtime.cli.check import Checked
from pytest_runtime.cli.init import Setup
from pytest_runtime.cli.key import OwnKey, Readers
from pytest_runtime.cli.list import Listing
from pytest_runtime.cli.main import cli
from pytest_runtime.cli.merge import Merged
from pytest_runtime.cli.probe import Audit, Listed
from pytest_runtime.cli.prune import Pruning
from pytest_runtime.cli.push import Moved
from pytest_runtime.cli.scan import Scans
from pytest_runtime.cli.seal import Sealed
from pytest_runtime.cli.status import Names, Status
from pytest_runtime.recorders.model.value_tree import Tree
from pytest_runtime.recorders.probes.model import ProbeStatus, Reading
from pytest_runtime.replay.inspect.comparison import Comparison
from pytest_runtime.replay.inspect.entries import Contents, EntryContents
from pytest_runtime.replay.inspect.explained import Explanation

PAGE = Path(__file__).resolve().parent.parent / "docs" / "command_line.md"

DOCUMENTS: dict[str, dict[str, type[msgspec.Struct]]] = {
    "check": {"check": Checked},
    "diff": {"diff": Comparison},
    "explain": {"explain": Explanation},
    "init": {"init": Setup},
    "key": {"key": OwnKey},
    "key add": {"key add": Readers},
    "key rotate": {"key": OwnKey},
    "list": {"list": Listing},
    "merge": {"merge": Merged},
    "probe log": {"probe log, and those of the other kinds,": ProbeStatus},
    "probe list": {"probe list": Listed},
    "probe read": {"probe read": Reading},
    "probe audit": {"probe audit": Audit},
    "prune": {"prune": Pruning},
    "pull": {"pull": Moved},
    "push": {"push": Moved},
    "scan": {"scan": Scans},
    "seal": {"seal": Sealed},
    "show": {"show": Contents, "show entry": EntryContents},
    "status": {"status": Status, "status, without NAME": Names},
}
"""Command → what it prints with `--json`, by the name in `format`."""

GROUPS = (
    ("Set up", ("init", "key")),
    ("Record", ("record", "status", "scan")),
    ("Look at what was recorded", ("list", "show", "explain", "diff")),
    ("Ask running processes", ("probe",)),
    ("Look after baselines", ("merge", "check", "push", "pull")),
    ("Prepare replays", ("seal", "prune")),
)
"""Commands by what they are for; all others stand behind these, and what a group holds stands behind the group."""

REST = "Judge, and report"

HEAD = """\
# The command line

Judging changes is pytest's: `pytest --runtime-baseline=NAME`, see [replaying.md](replaying.md). Everything else is
`pytest-runtime COMMAND`. This page is made from the commands themselves.

## What all commands have in common

**A baseline** is named as in `--baseline NAME` of `record`. It lies in `.runtime/NAME.baseline`, or where `store` or
`baselines` of the [configuration](configuration.md) say. Where that is a URL, a command fetches what it reads into
`.runtime/cache`, once, and again when size, checksum or version there are others; it is verified, and takes its name
only when all of it has come. Wherever a NAME is expected, the path of a file is taken too.

**Exit statuses** are the same everywhere:

| status | meaning |
|---|---|
| 0 | done, and nothing was found that somebody has to act on |
| 1 | something was found: a difference, damage, a secret, an unreadable baseline, files to be written |
| 2 | the command cannot be understood, or not be done; the reason and what to do stand on standard error |
| 130 | interrupted with Ctrl-C |

`record` ends as the command that it runs does.

**Output** in a terminal has colours and tables that fit; elsewhere it is plain text in aligned columns, of which
nothing is cut. With `--json` it is one document in ASCII whose first fields are `format` (`pytest-runtime show`) and
`version` ({version}), which changes when a field goes or changes its meaning; new fields may come at any time.
Progress and warnings go to standard error. Whatever a baseline holds is printed so that neither a terminal nor a CI
system takes it for a command. Values that were redacted are shown as their pseudonyms, and no command opens them.

**Completion** of commands, options, baselines and entries is click's own:

    eval "$(_PYTEST_RUNTIME_COMPLETE=bash_source pytest-runtime)"        # in ~/.bashrc
    eval "$(_PYTEST_RUNTIME_COMPLETE=zsh_source pytest-runtime)"         # in ~/.zshrc
    _PYTEST_RUNTIME_COMPLETE=fish_source pytest-runtime | source         # in fish's configuration

"""

STORES = """\
A URL is whatever fsspec knows, with `pip install "pytest-runtime[remote]"` and, for a service, its package:

| URL | package | credentials |
|---|---|---|
| `s3://BUCKET/FOLDER` | `s3fs` | `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` |
| `gs://BUCKET/FOLDER` | `gcsfs` | `GOOGLE_APPLICATION_CREDENTIALS`, or `gcloud auth application-default login` |
| `az://CONTAINER/FOLDER` | `adlfs` | `AZURE_STORAGE_CONNECTION_STRING`, or account name and key |
| `file:///FOLDER` | | |

A URL that does not end in `.baseline` is a folder, in which the baseline is `NAME.baseline`.

"""
MERGING = """\
Merging is associative, commutative and idempotent: any number of processes may record baselines of their own, and in
whatever order they are merged, and however often, the result is the same. What each stretch of recording counted is
kept by itself in the file, under a name that all copies of it share. Of the traces of a path class those with the
lowest names stay; names are digests, so that is a uniform choice. The laws hold for one number of exemplars. The file
of the target is replaced as a whole, so it must not be recorded into at that time.

"""
PROSE = {"push": STORES, "merge": MERGING}


def page() -> str:
    """The whole page."""
    from pytest_runtime.cli.output import JSON_VERSION

    parts = [HEAD.format(version=JSON_VERSION)]
    known: set[type] = set()
    for title, names in (*GROUPS, (REST, _ungrouped())):
        parts.append(f"## {title}\n\n")
        parts += [_section(each, known) for name in names for each in with_inner(name)]
    return "".join(parts).rstrip() + "\n"


def _ungrouped() -> tuple[str, ...]:
    grouped = {name for _title, names in GROUPS for name in names}
    return tuple(name for name in cli.list_commands(click.Context(cli)) if name not in grouped)


def with_inner(name: str) -> list[str]:
    """A command, and where it is a group, those in it."""
    command, _context = command_of(name)
    return [name, *(f"{name} {inner}" for inner in getattr(command, "commands", ()))]


def command_of(name: str) -> tuple[click.Command, click.Context]:
    """A command, and the context in which it is named."""
    found: click.Command = cli
    context = click.Context(cli, info_name="pytest-runtime")
    for part in name.split():
        assert isinstance(found, click.Group)
        inner = found.get_command(context, part)
        assert inner is not None, name
        found, context = inner, click.Context(inner, info_name=part, parent=context)
    return found, context


def _section(name: str, known: set[type]) -> str:
    command, context = command_of(name)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"### `pytest-runtime {name}`", "", f"    pytest-runtime {name} {usage}", ""]
    lines += [*textwrap.wrap(" ".join((command.help or "").split()), 118, break_on_hyphens=False), ""]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [_option(option, context) for option in options]
        lines.append("")
    text = "\n".join(lines) + "\n" + PROSE.get(name, "")
    return text + "".join(_document(form, struct, known) for form, struct in DOCUMENTS.get(name, {}).items())


def _option(option: click.Option, context: click.Context) -> str:
    names, meaning = option.get_help_record(context) or ("", "")
    assert "|" not in meaning, f"{names}: Markdown has no common way to write a bar in a table"
    choices = re.sub(r"\[([^\]]+\|[^\]]+)\]", r"\1", names).replace("|", "` or `")
    return f"| `{choices}` | {' '.join(meaning.split())} |"


# --- values ----------------------------------------------------------------------------------------------------------


def _document(form: str, struct: type[msgspec.Struct], known: set[type]) -> str:
    """The fields of a document, and of the values in it that were not described before."""
    text = f"With `--json`, `{form}`:\n\n{_fields(struct)}"
    pending = _parts(struct)
    while pending:
        part = pending.pop(0)
        if part not in known:
            known.add(part)
            text += f"`{part.__name__}`:\n\n{_fields(part)}"
            pending += _parts(part)
    return text


def _fields(struct: type[msgspec.Struct]) -> str:
    notes = _notes(struct)
    hints = typing.get_type_hints(struct)
    rows = [f"| `{name}` | {_type_text(hints[name])} | {notes.get(name, '')} |" for name in struct.__struct_fields__]
    return "\n".join(["| field | type | meaning |", "|---|---|---|", *rows]) + "\n\n"


def _notes(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The string that stands behind each field in the source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(struct)))
    found: dict[str, str] = {}
    (definition,) = tree.body
    assert isinstance(definition, ast.ClassDef)
    for field, note in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(note, ast.Expr) and isinstance(note.value, ast.Constant):
            assert isinstance(field.target, ast.Name)
            found[field.target.id] = " ".join(str(note.value.value).split()).replace("|", "\\|")
    return found


def _parts(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """The structs that its fields hold."""
    return [part for hint in typing.get_type_hints(struct).values() for part in _structs(hint)]


def _structs(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if hint == Tree:
        return
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for inner in typing.get_args(hint):
        yield from _structs(inner)


def _type_text(hint: Any) -> str:
    """A type as JSON has it: `list of EntryTraffic`, `string`, `number or null`."""
    if hint == Tree:
        return "[value tree](values.md)"
    arguments = [inner for inner in typing.get_args(hint) if inner is not Ellipsis]
    origin = typing.get_origin(hint)
    if origin is tuple or origin is list:
        return f"list of {_type_text(arguments[0])}"
    if origin is dict:
        return f"object of {_type_text(arguments[1])}"
    if arguments:
        return " or ".join(map(_type_text, arguments))
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return names.get(hint, f"`{getattr(hint, '__name__', hint)}`")


def field_names(struct: type[msgspec.Struct]) -> set[str]:
    """The fields of a document, with those that all have."""
    return {"format", "version", *struct.__struct_fields__}


def sections(text: str) -> dict[str, str]:
    """Command → its section of the page."""
    found = re.split(r"(?m)^### `pytest-runtime ([\w ]+)`$", text)
    return dict(zip(found[1::2], found[2::2], strict=True))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
