"""The scratch project: the corpus as one package, recorded before the change and judged after it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exploring.corpus import PACKAGE, ExploreFailed, Pair
from exploring.measured import run

ROOT = Path(__file__).resolve().parent.parent.parent
RECORDER = Path(__file__).resolve().parent / "recorder.py"
BASELINE = "usage"
USES = 25
"""Of each pair."""
SECONDS = 300.0

CONFIGURATION = f"""\
[tool.pytest-runtime]
include = ["{PACKAGE}"]
sample = "all"

# Makes this folder pytest's root wherever it lies.
[tool.pytest.ini_options]
minversion = "8.3"
"""


@dataclass(frozen=True)
class Project:
    """Two versions of the package, and the baseline that the older one was recorded into."""

    folder: Path
    environ: Mapping[str, str]

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def candidate(self) -> Path:
        return self.folder / "candidate"

    @property
    def store(self) -> Path:
        return self.candidate / ".runtime" / f"{BASELINE}.baseline"


def set_up(pairs: Sequence[Pair], folder: Path, seed: int) -> Project:
    """Lay out and record; raises `ExploreFailed` when a pair has no traces or some were lost."""
    project = Project(folder, environ_of(seed))
    lay_out(project.base, {pair: pair.before for pair in pairs})
    lay_out(project.candidate, {pair: pair.after for pair in pairs})
    project.store.parent.mkdir()
    record(project, pairs, seed)
    return project


def environ_of(seed: int) -> dict[str, str]:
    """This checkout's product, whatever is installed."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": str(seed), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def lay_out(folder: Path, modules: Mapping[Pair, Path]) -> None:
    """One version of the package."""
    (folder / PACKAGE).mkdir(parents=True)
    (folder / PACKAGE / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(CONFIGURATION)
    for pair, source in modules.items():
        target = folder.joinpath(*pair.module.split(".")).with_suffix(".py")
        target.parent.mkdir(exist_ok=True)
        (target.parent / "__init__.py").touch()
        shutil.copy(source, target)


def record(project: Project, pairs: Sequence[Pair], seed: int) -> None:
    """Use the older version under the recorder."""
    traffic = {pair.module: str(pair.traffic) for pair in pairs}
    order = {"baseline": BASELINE, "store": str(project.store), "include": PACKAGE, "uses": USES, "seed": seed}
    file = project.folder / "order.json"
    file.write_text(json.dumps({**order, "traffic": traffic}))
    ran = run([sys.executable, str(RECORDER), str(file)], project.base, project.environ, SECONDS)
    if ran.status != 0:
        raise ExploreFailed(f"the corpus cannot be recorded: {ran.output[-3000:]}")
    said = json.loads(ran.output.splitlines()[-1])
    missing = [pair.module for pair in pairs if not said["traces"].get(pair.module)]
    if missing:
        raise ExploreFailed(f"no trace of {', '.join(missing)} was recorded: {said['summary']}")
    if said["lost"]:
        raise ExploreFailed(f"traces were lost: {said['summary']}")
