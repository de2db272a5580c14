"""Configuration: `[tool.pytest-runtime]` of a project's `pyproject.toml`, as one frozen value."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from .recorders.errors import ConfigurationError
from .recorders.options import DEFAULT_SHARE, KINDS, RedactOptions, Sample
from .rules.compare_rule import CompareRule, Normaliser, problem_of

FILE = "pyproject.toml"
TABLE = "tool.pytest-runtime"
DEFAULT_FOLDER = ".runtime"
DROP = "drop"


class RedactTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of redaction; their fields are those of `RedactOptions`."""

    names: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    drop: bool = False

    @property
    def options(self) -> RedactOptions:
        """As the recorder takes them."""
        return RedactOptions(self.names, self.keep, self.drop)


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a project says about itself."""

    include: tuple[str, ...] = ()
    """Packages under validation."""
    app: str = ""
    """`module:attribute` of the WSGI application, or of the function that makes it."""
    entries: tuple[str, ...] = KINDS
    """Some of `KINDS`, or patterns of `module:qualname`."""
    boundaries: tuple[str, ...] = ()
    """Functions and classes that represent the world, as `module.name`."""
    redact: RedactTable = RedactTable()
    """`"drop"`, where nothing that is redacted is to be kept in any form, or a table of rules."""
    recipients: tuple[str, ...] = ()
    """Public keys of those who may read what recordings redact."""
    sample: Sample = "auto"
    """`auto` (everything, but a server within its budget), `all`, or traces a second and process."""
    cpu_share: float = DEFAULT_SHARE
    """The most of a server's CPU that the recorder may use, between 0 and 1."""
    exemplars: int = 20
    """Traces kept per path class."""
    time_limit: float = 10.0
    """Seconds that one replay may take before it counts as hanging."""
    explore: bool | int | Literal["strict"] = False
    """Whether inputs next to the recorded ones are tried; how many for each function; `strict`: far ones fail too."""
    compare: tuple[CompareRule, ...] = ()
    """How single fields are compared, where not exactly."""
    store: str = ""
    """Folder or URL where baselines are kept, as NAME.baseline; empty: in `.runtime/`."""
    baselines: dict[str, str] = {}
    """Name → path or URL of a baseline that is kept elsewhere."""


class Project(msgspec.Struct, frozen=True):
    """A project: its root and its configuration."""

    root: Path
    configuration: Configuration

    @property
    def is_configured(self) -> bool:
        """Whether there is a project file; without one, the root is a folder in which somebody happened to stand."""
        return (self.root / FILE).is_file()

    def store_url(self, baseline: str) -> str:
        """Where a baseline lies on this machine, and is recorded into; a path is its own place."""
        if is_path(baseline):
            return baseline
        place = self._place(baseline)
        if not place or is_remote(place):
            return str(self.root / DEFAULT_FOLDER / f"{baseline}.baseline")
        _scheme, separator, _rest = place.partition("://")
        return place if separator or Path(place).is_absolute() else str(self.root / place)

    def remote_url(self, baseline: str) -> str:
        """Where a baseline is kept, if not on this machine; else empty."""
        place = "" if is_path(baseline) else self._place(baseline)
        return place if is_remote(place) else ""

    def _place(self, baseline: str) -> str:
        """Where the configuration says that it is kept; empty where it says nothing."""
        configured = self.configuration
        if baseline in configured.baselines:
            return configured.baselines[baseline]
        return f"{configured.store.rstrip('/')}/{baseline}.baseline" if configured.store else ""

    def known_baselines(self) -> list[str]:
        """Names that are configured, or lie in the default folder or that of the store."""
        folders = [self.root / DEFAULT_FOLDER]
        if self.configuration.store and not is_remote(self.configuration.store):
            folders.append(self.root / self.configuration.store)
        found = {path.stem for folder in folders for path in folder.glob("*.baseline")}
        return sorted(found | set(self.configuration.baselines))


def is_path(baseline: str) -> bool:
    """Whether a baseline is given as a file, and not by its name."""
    return "/" in baseline or os.sep in baseline or baseline.endswith(".baseline")


def is_remote(url: str) -> bool:
    """Whether a baseline is kept where it is fetched from, and not in a file that SQLite opens."""
    scheme, separator, _rest = url.partition("://")
    return bool(separator) and scheme != "sqlite"


def make_folder(folder: Path) -> None:
    """Make a project's folder for baselines, which git is to leave alone: they are shared by their store."""
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by pytest-runtime: a baseline is shared by its store, not by git.\n*\n")


def find_root(start: Path) -> Path:
    """The nearest folder upwards that configures pytest-runtime, else the nearest with a project file, else `start`."""
    folders = [start, *start.parents]
    with_file = [folder for folder in folders if (folder / FILE).is_file()]
    for folder in with_file:
        if "pytest-runtime" in _read(folder / FILE).get("tool", {}):
            return folder
    return with_file[0] if with_file else start


def load_project(start: Path) -> Project:
    """The project around a folder; raises `ConfigurationError`, which names the file and the nearest known key."""
    root = find_root(start.absolute())
    path = root / FILE
    table = _read(path).get("tool", {}).get("pytest-runtime", {}) if path.is_file() else {}
    return Project(root, read_table(table, path))


def read_table(table: dict[str, Any], path: Path) -> Configuration:
    """The configuration in a table of `path`; raises `ConfigurationError`."""
    _check_keys(table, Configuration.__struct_fields__, f"{path}: [{TABLE}]")
    for rule in table.get("compare", []):
        if isinstance(rule, dict):
            _check_keys(rule, CompareRule.__struct_fields__, f"{path}: [[{TABLE}.compare]]")
            _check_one(rule.get("normalise"), get_args(Normaliser), f"{path}: [[{TABLE}.compare]]: normalise")
    if isinstance(table.get("redact"), str):
        _check_one(table["redact"], (DROP,), f"{path}: [{TABLE}]: redact")
        table = {**table, "redact": {"drop": True}}
    try:
        configured = msgspec.convert(table, Configuration)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: [{TABLE}]: {error}") from error
    if type(configured.explore) is int and configured.explore < 1:
        raise ConfigurationError(f"{path}: [{TABLE}]: explore = {configured.explore}: at least one example is needed")
    if not 0 <= configured.cpu_share <= 1:
        raise ConfigurationError(
            f"{path}: [{TABLE}]: cpu_share = {configured.cpu_share:g}: it is a share of the CPU, between 0 and 1"
        )
    for problem in filter(None, map(problem_of, configured.compare)):
        raise ConfigurationError(f"{path}: [[{TABLE}.compare]]: {problem}")
    return configured


def _check_keys(table: dict[str, Any], known: Collection[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigurationError(f"{where} has no key {key!r}; {_nearest(key, known)}")


def _check_one(value: object, known: Collection[str], where: str) -> None:
    if isinstance(value, str) and value not in known:
        raise ConfigurationError(f"{where} cannot be {value!r}; {_nearest(value, known)}")


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}"


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
