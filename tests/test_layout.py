"""One import tree, three top-level folders: what importing it loads, and what it leaves alone.

The import system is the subject here, so each test looks into a fresh process. It starts at the top of the checkout,
where a bare ``import recorders`` would find a folder: that is the mistake these tests exist to catch.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).resolve().parent.parent
LINKS = ("recorders", "replay")

TEST_SIDE = {"pytest", "_pytest", "deepdiff", "hypothesis", "sqlglot", "click", "pytest_runtime.replay"}
INTEGRATED = {"aiohttp", "asgiref", "celery", "django", "flask", "httpx", "psycopg", "redis", "requests", "sqlalchemy"}

IMPORT_ALL = """
import importlib, json, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_under(folder: Path, package: str) -> list[str]:
    """Return the dotted name of every module in `folder`, whose own name is `package`.

    Read from the files, not through `pkgutil`, so that a folder without ``__init__.py`` is not passed over.
    ``__main__`` modules are left out: importing one runs it.
    """
    names = []
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        if parts[0] not in LINKS and parts[-1] != "__main__":
            names.append(".".join((package, *parts)).removesuffix(".__init__"))
    return names


def recorder_modules() -> list[str]:
    """Return every module of the recorder, by the name users import."""
    return modules_under(ROOT / "recorders", "pytest_runtime.recorders")


def all_modules() -> list[str]:
    """Return every module of the project, by the name users import."""
    return [
        *modules_under(ROOT / "pytest_runtime", "pytest_runtime"),
        *recorder_modules(),
        *modules_under(ROOT / "replay", "pytest_runtime.replay"),
    ]


def loaded_by(*names: str) -> set[str]:
    """Import `names` in a fresh process; return the modules that this loaded, theirs and everyone else's."""
    process = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return set(json.loads(process.stdout.splitlines()[-1]))


def within(loaded: set[str], packages: set[str]) -> set[str]:
    """Return those of `loaded` that are one of `packages` or lie inside one."""
    return {name for name in loaded if any(name == package or name.startswith(f"{package}.") for package in packages)}


def test_no_bare_copy_of_the_linked_packages() -> None:
    """Importing the whole tree leaves no second `recorders` or `replay` beside the real ones."""
    names = all_modules()
    loaded = loaded_by(*names)
    assert within(loaded, set(LINKS)) == set()
    assert set(names) <= loaded


def test_recorder_loads_nothing_of_the_test_side() -> None:
    """A production process that imports any part of the recorder pays for no test tool and no replay code."""
    assert within(loaded_by(*recorder_modules()), TEST_SIDE) == set()


def test_integrations_cost_nothing_until_their_library_is_imported() -> None:
    """No module of the recorder imports a library it integrates with."""
    assert within(loaded_by(*recorder_modules()), INTEGRATED) == set()


def test_top_package_loads_nothing_of_the_test_side() -> None:
    """`import pytest_runtime`, which importing the recorder implies, is free of the test side too."""
    assert within(loaded_by("pytest_runtime"), TEST_SIDE) == set()


def test_every_folder_of_modules_is_a_package() -> None:
    """A folder without ``__init__.py`` would import here, and be missing for tools that walk packages."""
    folders = {
        file.parent
        for top in ("pytest_runtime", *LINKS)
        for file in (ROOT / top).rglob("*.py")
        if "__pycache__" not in file.parts
    }
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("name", LINKS)
def test_link_is_relative(name: str) -> None:
    """Each link points inside the checkout, wherever that lies."""
    link = ROOT / "pytest_runtime" / name
    assert link.is_symlink()
    assert Path(os.readlink(link)) == Path("..") / name


@pytest.mark.parametrize("name", LINKS)
def test_git_stores_a_link(name: str) -> None:
    """Git holds a link, not a copy of the folder that would drift from the real one."""
    process = subprocess.run(
        ["git", "ls-files", "--stage", "--", f"pytest_runtime/{name}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0 or not process.stdout:
        pytest.skip("not a git checkout, or the link is not yet added to it")
    (entry,) = process.stdout.splitlines()
    assert entry.startswith("120000 "), entry
