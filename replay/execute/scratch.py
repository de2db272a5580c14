"""Scratch folder of one loaded process: a copy of the project, and a private folder for temporary files.

Each process has its own, so that a folder which the service makes at its start is not there already. Inside, the copy
is the project; outside, every path that is shown names the working tree, and so does what is asked.
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from ..model.job import Observed
from .folder_names import make_folder
from .plan import Loaded, LoadPlan
from .scratch_copy import PREFIX, copy_tree, is_left_out

T = TypeVar("T")


class ScratchPaths:
    """The way between the paths of a scratch copy and those of the working tree."""

    def __init__(self, root: str, shown: str) -> None:
        """`root` is the folder of the copy, `shown` that of the working tree."""
        self.root = root
        self.shown = shown

    def lines(self, lines: Mapping[str, T]) -> dict[str, T]:
        """File of the working tree → anything; with the files of the copy."""
        return {_moved(file, self.shown, self.root): numbers for file, numbers in lines.items()}

    def loaded(self, loaded: Loaded) -> Loaded:
        """With the paths of the working tree."""
        return msgspec.structs.replace(
            loaded,
            files=self._outside(loaded.files),
            import_faults={module: self.text(fault) for module, fault in loaded.import_faults.items()},
            faults=[self.text(fault) for fault in loaded.faults],
        )

    def observed(self, observed: Observed) -> Observed:
        """With the paths of the working tree."""
        if not (observed.lines or observed.reason):
            return observed
        return msgspec.structs.replace(observed, lines=self._outside(observed.lines), reason=self.text(observed.reason))

    def text(self, text: str) -> str:
        """With the paths of the working tree."""
        return text.replace(self.root, self.shown)

    def _outside(self, files: Mapping[str, T]) -> dict[str, T]:
        return {_moved(file, self.root, self.shown): value for file, value in files.items()}


class Scratch(ScratchPaths):
    """The folder of one loaded process."""

    def __init__(self, plan: LoadPlan) -> None:
        """Copies the project that the plan names; raises `OSError`."""
        self._plan = plan
        self._source = os.path.realpath(plan.root)
        shown = plan.known_as[0] if plan.known_as else plan.root
        folder = make_folder(PREFIX)
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        top = os.path.realpath(folder)
        # Named as the project is: some programs look at the name of the folder that they lie in.
        root = os.path.join(top, "project", os.path.basename(os.path.realpath(shown)) or "root")
        super().__init__(root, shown)
        self.temporary = os.path.join(top, "tmp")
        os.mkdir(self.temporary)
        copy_tree(self._source, self.root, twin=self.shown)

    @property
    def plan(self) -> LoadPlan:
        """What a replayer in this folder loads."""
        known = (self.shown, self._plan.root, *self._plan.known_as[1:])
        return msgspec.structs.replace(self._plan, root=self.root, known_as=known, temporary=self.temporary)

    def path(self, folders: Iterable[str]) -> list[str]:
        """`sys.path` with the copy in the place of the project."""
        return [self._inside(folder) for folder in folders]

    def _inside(self, folder: str) -> str:
        real = os.path.realpath(folder)
        if real != self._source and not real.startswith(self._source + os.sep):
            return folder
        below = os.path.relpath(real, self._source)
        return folder if is_left_out(self._source, below) else os.path.normpath(os.path.join(self.root, below))

    def remove(self) -> None:
        """Nothing of it stays."""
        self._remove()


def _moved(file: str, old: str, new: str) -> str:
    return new + file.removeprefix(old) if file.startswith(old + os.sep) else file
