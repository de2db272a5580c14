"""Nobody can tell that the recorder is there: what a program sees of its own functions is the same when recorded.

`unseen/run.py` looks at the package `unseen/probed` from outside in every way that programs do; it is run plainly and
recorded, everything sampled, and each probe must come to the same. It is a process of its own because the recorder
starts with one, and because signals, exits and pools are among the probes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("unseen")
PROBES = re.findall(r"@probe\ndef (\w+)", (FOLDER / "run.py").read_text())


def run(folder: Path, name: str, *before: str) -> dict[str, str]:
    """What the probes came to."""
    told = folder / f"{name}.json"
    command = [*before, sys.executable, "run.py", str(told)]
    environ = {**os.environ, "PYTHONPATH": "", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(told.read_text())
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """The probes as they come out plainly, and recorded."""
    folder = tmp_path_factory.mktemp("unseen")
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    (folder / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["probed"]\n')
    record = (sys.executable, "-m", "pytest_runtime", "record", "--baseline", "b", "--sample", "all", "--")
    return run(folder, "plain"), run(folder, "recorded", *record)


def test_there_are_enough_probes() -> None:
    """At least sixty ways to look."""
    assert len(PROBES) == len(set(PROBES)) >= 60


@pytest.mark.parametrize("name", PROBES)
def test_a_program_sees_the_same(found: tuple[dict[str, str], dict[str, str]], name: str) -> None:
    """Each probe has the same result with and without the recorder."""
    plain, recorded = found
    assert recorded[name] == plain[name]
