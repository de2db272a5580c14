"""The built distributions: what a user installs holds the whole import tree, once, and nothing else.

Building is the subject, so hatchling runs in its own process, without pip and without build isolation.
"""

import os
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from pathlib import Path, PurePosixPath

import pytest

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).resolve().parent.parent
TREE = {"pytest_runtime": ROOT / "pytest_runtime"} | {
    f"pytest_runtime/{name}": ROOT / name for name in ("recorders", "replay")
}

IMPORT_ALL = """
import importlib, pathlib, sys
top = pathlib.Path(sys.argv[1])
for name in sys.argv[2:]:
    module = importlib.import_module(name)
    assert pathlib.Path(module.__file__).is_relative_to(top), module
"""


def build(project: Path, target: str, destination: Path) -> Path:
    """Build the `target` (``wheel`` or ``sdist``) of the `project` folder into `destination`; return the file."""
    process = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(destination)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    (built,) = destination.iterdir()
    return built


def files_of(wheel: Path) -> list[str]:
    """Return the names of the files in `wheel`, sorted, a duplicate as often as it is there."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(name for name in archive.namelist() if not name.endswith("/"))


def sources() -> list[str]:
    """Return the names that the Python files of the checkout should have in a wheel, sorted."""
    names = []
    for prefix, folder in TREE.items():
        for file in folder.rglob("*.py"):
            name = f"{prefix}/{file.relative_to(folder).as_posix()}"
            if prefix != "pytest_runtime" or not name.startswith(tuple(f"{other}/" for other in TREE if "/" in other)):
                names.append(name)
    return sorted(names)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel built from the checkout."""
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the wheel's files as an installer lays them out."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_wheel_holds_every_module_once(wheel: Path) -> None:
    """Each Python file of the three folders is in the wheel, at the place users import it from, exactly once."""
    files = files_of(wheel)
    assert [name for name in files if name.endswith(".py")] == sources()
    assert len(files) == len(set(files))


def test_wheel_adds_one_name_to_site_packages(wheel: Path) -> None:
    """No top-level `recorders` or `replay`, which would overwrite another distribution's or shadow a service's."""
    tops = {PurePosixPath(name).parts[0] for name in files_of(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pytest_runtime"}


def test_wheel_is_typed_and_licensed(wheel: Path) -> None:
    """Type checkers see the annotations, and the licence travels along."""
    files = files_of(wheel)
    assert "pytest_runtime/py.typed" in files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)


def test_wheel_offers_the_plugin_and_the_command(wheel: Path) -> None:
    """Installing is enough: pytest finds the plugin, and the shell the command."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt"))
        entry_points = ConfigParser()
        entry_points.read_string(archive.read(name).decode())
    assert dict(entry_points["pytest11"]) == {"runtime": "pytest_runtime.plugin"}
    assert dict(entry_points["console_scripts"]) == {"pytest-runtime": "pytest_runtime.cli.main:run"}


def test_wheel_imports_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    """Every module imports from the wheel alone."""
    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sources()]
    process = subprocess.run(
        [
            *(sys.executable, "-c", IMPORT_ALL, str(installed)),
            *(module for module in modules if not module.endswith(".__main__")),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr


def test_sdist_without_links_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """The links are a convenience of the checkout: where they do not exist, the wheel is the same."""
    sdist = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        assert [member.name for member in archive if member.issym()] == []
        archive.extractall(tmp_path / "unpacked", filter="data")
    (project,) = (tmp_path / "unpacked").iterdir()
    assert files_of(build(project, "wheel", tmp_path / "again")) == files_of(wheel)
