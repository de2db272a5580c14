"""The corpus: pairs of one module before and after a change, with the traffic of the first.

A pair lies in `pairs/PART/SLUG`: `before.py`, `after.py`, and `traffic.py` with `KIND`, `FUNCTION` (what changed),
`traffic(service, random)` (one ordinary use), and for a regression `witness(service)`, a use that tells the versions
apart.
"""

from __future__ import annotations

import ast
import importlib.util
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

PAIRS = Path(__file__).resolve().parent.parent / "pairs"
REGRESSIONS, NEUTRAL = "regressions", "neutral"
PARTS = (REGRESSIONS, NEUTRAL)
PACKAGE = "pairs"

_numbers = itertools.count()


class ExploreFailed(Exception):
    """Nothing was measured; the message says why."""


@dataclass(frozen=True)
class Pair:
    """One change."""

    part: str
    slug: str
    kind: str
    function: str
    """Qualified name of what changed; a helper or a method too."""

    @property
    def folder(self) -> Path:
        return PAIRS / self.part / self.slug

    @property
    def before(self) -> Path:
        return self.folder / "before.py"

    @property
    def after(self) -> Path:
        return self.folder / "after.py"

    @property
    def traffic(self) -> Path:
        return self.folder / "traffic.py"

    @property
    def module(self) -> str:
        """In the scratch project. Parts share slugs, so the part is in the name."""
        return f"{PACKAGE}.{self.part}.{self.slug}"

    @property
    def is_regression(self) -> bool:
        return self.part == REGRESSIONS

    @property
    def is_method(self) -> bool:
        return "." in self.function


def pairs_of(parts: Sequence[str] = PARTS, slugs: Sequence[str] = ()) -> list[Pair]:
    """The corpus, or what is named of it; raises `ExploreFailed` for a slug that no part has."""
    found = [pair_in(folder) for part in parts for folder in sorted((PAIRS / part).iterdir()) if is_pair(folder)]
    unknown = set(slugs) - {pair.slug for pair in found}
    if unknown:
        raise ExploreFailed(f"no pair is called {', '.join(sorted(unknown))}")
    return [pair for pair in found if not slugs or pair.slug in slugs]


def is_pair(folder: Path) -> bool:
    return (folder / "traffic.py").is_file()


def pair_in(folder: Path) -> Pair:
    said = constants(folder / "traffic.py")
    return Pair(folder.parent.name, folder.name, said["KIND"], said["FUNCTION"])


def constants(file: Path) -> dict[str, str]:
    """The texts that a module assigns to names, without running it."""
    return {
        target.id: str(node.value.value)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def unreal(pairs: Sequence[Pair]) -> list[Pair]:
    """Regressions whose witness shows the same on both versions: nobody can find these."""
    return [pair for pair in pairs if pair.is_regression and not is_real(pair)]


def is_real(pair: Pair) -> bool:
    """Whether the witness tells the versions apart."""
    witness: Callable[[ModuleType], object] = loaded(pair.traffic).witness
    return shown(witness, loaded(pair.before)) != shown(witness, loaded(pair.after))


def shown(witness: Callable[[ModuleType], object], service: ModuleType) -> tuple[str, object]:
    """What a caller sees: what is returned, or what is raised."""
    try:
        return "returned", witness(service)
    except Exception as error:  # noqa: BLE001  # an exception is an outcome
        return type(error).__name__, str(error)


def loaded(file: Path) -> ModuleType:
    """A module of its own, whatever was loaded from the file before."""
    spec = importlib.util.spec_from_file_location(f"pair_{next(_numbers)}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
