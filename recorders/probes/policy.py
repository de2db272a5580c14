"""The policy for probes: who may place which kind where.

    read_only = false                       # true: nothing may be placed at all

    [[allow]]
    who = ["user:*", "mcp:*"]               # patterns; default: everybody
    kinds = ["log", "counter"]              # default: every kind
    paths = ["shop/*"]                      # patterns of files or modules; default: everywhere
    condition = true                        # one is needed; default: false
    hits = 100                              # most hits; default: as many as are accepted at all
    seconds = 600                           # longest stay; default: as long as is accepted at all

    [[deny]]
    paths = ["shop/payments/*"]             # `who`, `kinds` and `paths`, as above

A probe is placed where one `allow` fits it and no `deny` does. Where there is no file everything is allowed to
whoever may write the folder of the probes. One that cannot be read allows nothing. It holds where a probe is placed and
again in each process that is to run it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import msgspec

from ..errors import PolicyProblem
from .model import MOST_HITS, MOST_SECONDS, Kind, Probe
from .places import parse_place

FILE: Final = "policy.toml"
VARIABLE: Final = "PYTEST_RUNTIME_POLICY"
"""Names another file."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may, or may not, place what where."""

    who: tuple[str, ...] = ("*",)
    kinds: tuple[Kind, ...] = ()
    paths: tuple[str, ...] = ()
    condition: bool = False
    """Whether there has to be one."""
    hits: int = MOST_HITS
    seconds: float = MOST_SECONDS

    def fits(self, probe: Probe, names: Sequence[str]) -> bool:
        """Whether the rule speaks of such a probe; its place is known by any of `names`."""
        return (
            any(fnmatchcase(probe.by, pattern) for pattern in self.who)
            and (not self.kinds or probe.kind in self.kinds)
            and (not self.paths or any(_is_under(name, pattern) for name in names for pattern in self.paths))
        )

    def refusal(self, probe: Probe) -> str:
        """What the probe has too much or too little of for the rule, or nothing."""
        if self.condition and not probe.condition:
            return "a condition is needed there"
        if probe.kind in ("log", "snapshot") and not 0 < probe.hits <= self.hits:
            return f"at most {self.hits} hits are allowed there"
        return f"at most {self.seconds:g} seconds are allowed there" if probe.seconds > self.seconds else ""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a policy file says."""

    read_only: bool = False
    allow: tuple[Rule, ...] = (Rule(),)
    deny: tuple[Rule, ...] = ()

    def refusal(self, probe: Probe, names: Sequence[str] = ()) -> str:
        """Why a probe may not be placed, or nothing. `names` are the file and the module in which it stands, where they
        are known: whoever places it may have given less of them."""
        if self.read_only:
            return "probes are read only"
        known = [*names_of(probe), *names]
        if any(rule.fits(probe, known) for rule in self.deny):
            return f"{probe.by} may not place a {probe.kind} at {probe.place}"
        reasons = [rule.refusal(probe) for rule in self.allow if rule.fits(probe, known)]
        if not reasons:
            return f"nothing allows {probe.by} to place a {probe.kind} at {probe.place}"
        return "" if "" in reasons else reasons[0]


def names_of(probe: Probe) -> tuple[str, ...]:
    """What the place itself says of the file."""
    place = parse_place(probe.place)
    return (place.file,) if place.file else (place.module, f"{place.module.replace('.', '/')}.py")


def _is_under(named: str, pattern: str) -> bool:
    """Whether a file or module fits a pattern; a file may be named by the end of its path, and the other way round."""
    if fnmatchcase(named, pattern):
        return True
    parts = named.split("/")
    return any(fnmatchcase("/".join(parts[at:]), pattern) for at in range(1, len(parts)))


def load_policy(root: str | Path) -> Policy:
    """The policy of a project; raises `PolicyProblem` for one that cannot be read."""
    path = Path(os.environ.get(VARIABLE) or Path(root) / FILE)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if os.environ.get(VARIABLE):
            raise PolicyProblem(f"there is no policy {path}, which {VARIABLE} names: nothing is allowed") from None
        return Policy()
    except OSError as error:
        raise PolicyProblem(f"the policy {path} cannot be read: {error.strerror}; nothing is allowed") from error
    try:
        return msgspec.convert(tomllib.loads(data.decode()), Policy)
    except (ValueError, msgspec.ValidationError) as error:
        raise PolicyProblem(f"the policy {path} cannot be read: {error}; nothing is allowed") from error
