"""From what somebody asked for to a probe at its place in this process, or to the reason why it cannot be."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any, Final, NamedTuple, TypeAlias

from .. import taken
from ..capture.raw import namespace_of_module, text
from ..errors import PolicyProblem, ProbeRefused
from ..included import Included
from .armed import Program, names_of
from .calculating import TYPES
from .expressions import Expression, Sensitive, compile_expression
from .model import Probe
from .places import Nowhere, Place, Target, find, lines_of, matching, parse_place
from .policy import load_policy
from .template import Template, compile_template
from .view import Evaluate, global_variable, keeps_locals, local, local_names

_MONOTONIC, _TIME = taken.monotonic, taken.time_now
_NAMED: Final = 20
"""Variables that are named where one is not found."""


class Prepared(NamedTuple):
    """A probe that can be armed."""

    targets: Sequence[Target]
    program: Program
    template: Template | None


class NotYet(NamedTuple):
    """No module of that file is loaded here."""

    reason: str


class Refusal(NamedTuple):
    """It cannot stand in this process."""

    reason: str
    lines: tuple[int, ...] = ()


Outcome: TypeAlias = Prepared | NotYet | Refusal


class Loaded(NamedTuple):
    """What this process has loaded of the included packages."""

    included: Included
    codes: Mapping[str, Sequence[CodeType]]
    """File → code objects."""


def prepare(probe: Probe, loaded: Loaded, sensitive: Sensitive, root: str) -> Outcome:
    """How a probe is to stand here. `root` is the folder of the project, whose policy holds here, too."""
    try:
        place = parse_place(probe.place)
        files = matching(place, loaded.included.modules)
        if not files:
            return NotYet(_why_not_loaded(place))
        if len(files) > 1:
            return Refusal(f"it may be in {' or '.join(files)}: give more of the path")
        file = files[0]
        refused = load_policy(root).refusal(probe, (file.replace("\\", "/"), loaded.included.modules[file]))
        if refused:
            return Refusal(refused)
        return _at(probe, place, file, loaded, sensitive)
    except (ProbeRefused, PolicyProblem) as error:
        return Refusal(str(error))


def _at(probe: Probe, place: Place, file: str, loaded: Loaded, sensitive: Sensitive) -> Outcome:
    codes, source = loaded.codes.get(file, ()), loaded.included.sources.get(file, "")
    if place.line:
        changed = _changed(probe, file, source)
        if changed:
            lines = sorted({line for code in codes if code.co_flags & 1 for line in lines_of(code)})
            near = tuple(sorted(sorted(lines, key=lambda one: abs(one - place.line))[:5]))
            return Refusal(changed, near)
    found = find(place, codes, source)
    if isinstance(found, Nowhere):
        return Refusal(found.reason, found.lines)
    if probe.kind == "duration" and not all(target.at_start for target in found):
        return Refusal("a duration is that of a function: name it, FILE:FUNCTION")
    if sys.version_info < (3, 12) and _reads(probe) and any(keeps_locals(target.code) for target in found):
        return Refusal(
            "the function looks at its own local variables (locals(), eval), and before Python 3.12 they cannot be "
            "read without changing what it sees: a counter or a duration without a condition can stand there"
        )
    return _program(probe, found, loaded.included.modules[file], sensitive)


def _reads(probe: Probe) -> bool:
    """Whether a probe reads variables."""
    return probe.kind not in ("counter", "duration") or bool(probe.condition)


def _program(probe: Probe, targets: Sequence[Target], module: str, sensitive: Sensitive) -> Prepared:
    code = targets[0].code
    bind = CodeNames(code, namespace_of_module(sys.modules.get(module)))
    condition = compile_expression(probe.condition, bind, sensitive, bind.is_local) if probe.condition else None
    template = compile_template(probe.text, bind, sensitive) if probe.kind == "log" else None
    expressions: tuple[Expression, ...] = template.expressions if template is not None else ()
    if probe.kind == "value":
        expressions = (compile_expression(probe.text, bind, sensitive),)
    return Prepared(targets, Program(condition, expressions, names_of(code), keeps_locals(code)), template)


def digest_of_source(source: str) -> str:
    """What tells whether two people look at the same file; not where its lines end."""
    return hashlib.blake2b("\n".join(source.splitlines()).encode("utf-8", "replace"), digest_size=12).hexdigest()


def _changed(probe: Probe, file: str, source: str) -> str:
    """Why lines of the file that somebody looks at may be others than those that are loaded, or nothing."""
    if not source:
        return ""
    if probe.source:
        if probe.source != digest_of_source(source):
            return f"{file} is loaded as it was when the process started, and the file that you see differs from that"
        return ""
    try:
        with open(file, "rb") as stream:
            import importlib.util

            now = importlib.util.decode_source(stream.read())
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""  # the source went with the build
    if digest_of_source(now) != digest_of_source(source):
        return f"{file} was changed since it was loaded: its lines may be others now"
    return ""


def _why_not_loaded(place: Place) -> str:
    """Whether the file is loaded, and only not included."""
    for name, module in list(sys.modules.items()):
        file = text(namespace_of_module(module).get("__file__"))
        if file and place.covers(file, name):
            return f"{file} is loaded, but not of the included packages: record with --include {name.partition('.')[0]}"
    return "no module of that file is loaded here"


class CodeNames:
    """Binds the names of an expression to the variables that code sees."""

    def __init__(self, code: CodeType, namespace: Mapping[str, Any]) -> None:
        self._code = code
        self._locals = local_names(code)
        self._globals = namespace

    def is_local(self, name: str) -> bool:
        """Whether the frame has a variable of that name."""
        return name in self._locals

    def __call__(self, name: str) -> Evaluate:
        """What reads a variable; raises `ProbeRefused` for one that is not there, and names some that are."""
        if name in self._locals:
            return local(name)
        if any(type(key) is str and key == name for key in list(self._globals)):
            return global_variable(name)
        if name in TYPES:
            cls = TYPES[name]
            return lambda view: cls
        there = ", ".join(self._locals[:_NAMED])
        raise ProbeRefused(f"{self._code.co_name} has no variable {name!r}; it has {there or 'none of its own'}")


def deadline_of(probe: Probe, boot: str, now: Callable[[], float] = _MONOTONIC) -> float:
    """When a probe expires, by the monotonic clock: the clock on the wall may be set back."""
    if probe.boot and probe.boot == boot:
        return probe.clock + probe.seconds
    left = probe.placed + probe.seconds - _TIME()
    return now() + max(0.0, min(left, probe.seconds))


def boot_id() -> str:
    """Names the start of this machine since which its monotonic clock counts; empty where it does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as stream:
            return stream.read(64).strip()
    except OSError:
        return ""
