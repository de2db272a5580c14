"""The plan of a process that replays: what it loads, and the result of that."""

from __future__ import annotations

import msgspec

from ...recorders.errors import RuntimeBaselineError
from ...recorders.model.trace import Entry
from ...recorders.model.value_tree import ClassName
from ...recorders.privacy.encryption import KeyId, SessionKey


class CannotReplay(RuntimeBaselineError):
    """The code cannot be replayed at all; the message says why and what to do."""


class RecordedVariables(msgspec.Struct, frozen=True):
    """Environment variables that one recorded process read, perhaps as pseudonyms."""

    variables: dict[str, str | None]
    key: KeyId = ""
    """Of what reads the values behind them; empty where there are none."""
    secrets: bytes = b""


class LoadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replayer loads."""

    include: tuple[str, ...]
    app: str
    boundaries: tuple[str, ...]
    root: str
    """Folder of the project in the version that is loaded."""
    known_as: tuple[str, ...] = ()
    """Other folders that mean the project's: the working tree, where every place that is shown lies, comes first."""
    recorded: tuple[str, ...] = ()
    """Folders of the project when it was recorded."""
    temporary: str = ""
    """Private folder for temporary files; empty for one that the replayer makes. With one, `root` is a scratch copy
    that code which is imported or built may write in."""
    variables: dict[str, str | None]
    """Environment variables that the recorded service read outside its traces."""
    names: tuple[str, ...] | None
    """Names of the environment variables that were set in any recorded service; `None` where nobody kept them."""
    modules: tuple[str, ...]
    """Recorded modules, imported where they are included and still there."""
    served: tuple[Entry, ...] = ()
    """Entries that an application answers: it is made when the code is loaded, once for all processes."""
    changed_layout: tuple[ClassName, ...] = ()
    """Classes that hold their state in another way than at base."""
    distributions: bool = False
    """Whether it is to report which installed distributions were imported."""
    instrumented: bool = False
    """Whether modules are instrumented, for replays in detail."""
    extension: str = ""
    """Module of what is added to the process, see `extension`; empty for nothing."""
    keys: tuple[SessionKey, ...] = ()
    """Keys of recording sessions, with which the values behind pseudonyms are read."""
    hidden: tuple[KeyId, bytes] = ("", b"")
    """The values behind the pseudonyms of `variables`: the key, and what it reads."""
    earlier: tuple[RecordedVariables, ...] = ()
    """Variables of other recorded processes, the latest last: they stand where `variables` says nothing."""


class Loaded(msgspec.Struct, frozen=True):
    """The result of loading."""

    files: dict[str, str]
    """File of each included module → its name."""
    sources: dict[str, str]
    """Included module → its text."""
    import_faults: dict[str, str]
    """Module → why it cannot be imported."""
    read: list[str]
    """Files of the project that were read or imported meanwhile; folders whose names were read end with `/`."""
    distributions: dict[str, str] = {}
    """Distributions that it imported → version."""
    wall: str = ""
    """What the operating system does not close off in the process that replays; empty where the wall is whole."""
    faults: list[str] = []
    """Boundaries that could not be put in place, and why."""
