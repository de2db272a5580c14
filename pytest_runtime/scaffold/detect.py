"""Detection: the packages, framework, application and default branch of a project, read without running any of it."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from ..recorders.errors import GitMissing, NoWorkTree
from ..replay.change.git import Git

Framework: TypeAlias = Literal["flask", "django", "fastapi", "starlette", ""]

APPLICATIONS: dict[str, Framework] = {
    "flask.Flask": "flask",
    "django.core.wsgi.get_wsgi_application": "django",
    "fastapi.FastAPI": "fastapi",
    "starlette.applications.Starlette": "starlette",
}
"""What makes an application → its framework."""

RECORDED: frozenset[Framework] = frozenset({"flask", "django"})
"""Frameworks whose applications are entries; of the others the functions that are called from outside are."""

_NOT_PACKAGES = frozenset(
    {"test", "tests", "testing", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "script", "scripts"}
    | {"tool", "tools", "build", "dist", "env", "venv", "node_modules", "migrations", "site-packages"}
)
"""Folders that no service is deployed from."""

_NOT_MODULES = frozenset({"setup", "conftest", "noxfile", "fabfile", "tasks", "manage", "wsgi", "asgi"})
"""Modules at the top of a project that tools run, or that only start it."""

MOST_FILES = 5_000
"""Files of the packages that are read: an application is made in one of the first."""


class Facts(NamedTuple):
    """What was found out about a project."""

    root: Path
    packages: tuple[str, ...]
    framework: Framework
    app: str
    """`module:attribute` of the application, or of the function that makes it; empty where there is not one alone."""
    branch: str
    """The default branch."""
    install: str
    """The command that installs the project; empty where nothing says how."""
    python: str
    """The least version that it says it needs, `3.12`."""
    notes: tuple[str, ...]
    """What could not be found out, and what to do about it."""


class _Application(NamedTuple):
    name: str
    framework: Framework
    is_factory: bool


def detect(root: Path) -> Facts:
    """What a project at a folder is; raises nothing for what it cannot read."""
    described = _described(root)
    homes = [home for home in (root / "src", root) if home.is_dir()]
    packages = _packages(homes, described)
    found = [app for package in packages for app in _applications(homes, package)]
    named = [app for app in found if not app.is_factory] or found
    branch, notes = _branch(root)
    if not packages:
        notes.append("no package was found: name those under validation under include = [...]")
    if len(named) > 1:
        several = ", ".join(app.name for app in named)
        notes.append(f"there are several applications ({several}): name one as app, unless the service finds it itself")
    framework: Framework = named[0].framework if named else ""
    if framework and framework not in RECORDED:
        notes.append(f"{framework} applications are no entries yet: what is recorded are the functions that it calls")
    app = named[0].name if len(named) == 1 and framework in RECORDED else ""
    install = _install(root, described)
    if not install:
        notes.append("nothing says how to install the service: add a step to the workflow that does, before the action")
    return Facts(root, packages, framework, app, branch, install, _python(described), tuple(notes))


def _described(root: Path) -> dict[str, Any]:
    """What `pyproject.toml` says of the project; nothing where there is none."""
    try:
        with (root / "pyproject.toml").open("rb") as stream:
            return tomllib.load(stream)
    except (OSError, tomllib.TOMLDecodeError):
        return {}


# --- packages --------------------------------------------------------------------------------------------------------


def _packages(homes: list[Path], described: dict[str, Any]) -> tuple[str, ...]:
    """The packages at the top of the project; the one that is called like it alone, where there is one.

    Without packages, its modules.
    """
    for home in homes:
        folders = [path.name for path in sorted(home.iterdir()) if (path / "__init__.py").is_file()]
        packages = [name for name in folders if name.lower() not in _NOT_PACKAGES and name.isidentifier()]
        named = _name_of(described)
        if named in packages:
            return (named,)
        if packages:
            return tuple(packages)
    modules = [path.stem for home in homes for path in sorted(home.glob("*.py"))]
    found = [name for name in modules if name.isidentifier() and name not in _NOT_MODULES and not _is_test(name)]
    return tuple(dict.fromkeys(found))


def _is_test(module: str) -> bool:
    return module.startswith("test_") or module.endswith("_test") or module in _NOT_PACKAGES


def _name_of(described: dict[str, Any]) -> str:
    project = described.get("project") or described.get("tool", {}).get("poetry") or {}
    name = project.get("name") if isinstance(project, dict) else None
    return re.sub(r"[-_.]+", "_", name).lower() if isinstance(name, str) else ""


# --- the application -------------------------------------------------------------------------------------------------


def _applications(homes: list[Path], package: str) -> list[_Application]:
    """The applications that the modules of a package make, those near its top first."""
    for home in homes:
        folder, file = home / package, home / f"{package}.py"
        if folder.is_dir() or file.is_file():
            files = list(_sources(folder)) if folder.is_dir() else [file]
            files.sort(key=lambda path: (len(path.parts), str(path)))
            return [app for path in files[:MOST_FILES] for app in _made_in(path, _module_of(path, home))]
    return []


def _sources(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name.lower() not in _NOT_PACKAGES and name[0] not in "._")
        yield from (Path(place, name) for name in sorted(files) if name.endswith(".py") and not _is_test(name[:-3]))


def _module_of(path: Path, home: Path) -> str:
    parts = path.relative_to(home).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _made_in(path: Path, module: str) -> Iterator[_Application]:
    """Applications at the top of a module, and functions without needed arguments that return one."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    imported = _imported(tree)
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and (framework := _framework_of(node.value, imported)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield _Application(f"{module}:{target.id}", framework, False)
        elif isinstance(node, ast.FunctionDef) and not _needs_arguments(node):
            made = [_framework_of(part, imported) for part in ast.walk(node) if isinstance(part, ast.Call)]
            if any(made) and any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(node)):
                yield _Application(f"{module}:{node.name}", next(filter(None, made)), True)


def _imported(tree: ast.Module) -> dict[str, str]:
    """Name in a module → the full name of what it was imported as."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
    return found


def _framework_of(value: ast.expr | None, imported: dict[str, str]) -> Framework:
    if not isinstance(value, ast.Call):
        return ""
    head, _, rest = ast.unparse(value.func).partition(".")
    full = imported.get(head, "") + (f".{rest}" if rest else "")
    return APPLICATIONS.get(full, "")


def _needs_arguments(function: ast.FunctionDef) -> bool:
    arguments = function.args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return required > 0 or any(default is None for default in arguments.kw_defaults)


# --- the rest --------------------------------------------------------------------------------------------------------


def _branch(root: Path) -> tuple[str, list[str]]:
    """The branch that changes go to, and what kept it from being found out."""
    git = Git(root)
    try:
        if not git.ask("rev-parse", "--is-inside-work-tree"):
            return "main", [f"{root} lies in no git repository, by which changes are found: main is assumed"]
        remote = git.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        if remote:
            return remote.removeprefix("origin/"), []
        usual = ("main", "master")
        known = [name for name in usual if git.ask("rev-parse", "--verify", "--quiet", f"refs/heads/{name}")]
        current = git.ask("symbolic-ref", "--quiet", "--short", "HEAD")
        return (known[0] if known else current or "main"), []
    except (GitMissing, NoWorkTree) as error:
        return "main", [f"the branch main is assumed: {error}"]


def _install(root: Path, described: dict[str, Any]) -> str:
    """How the project is installed where changes are judged; empty where nothing says so."""
    if (root / "uv.lock").is_file():
        return "pip install uv && uv export --frozen --all-extras | pip install -r /dev/stdin"
    if (root / "poetry.lock").is_file():
        return "pip install poetry && poetry config virtualenvs.create false && poetry install"
    if "project" in described or (root / "setup.py").is_file() or (root / "setup.cfg").is_file():
        return "pip install -e ."
    for name in ("requirements.txt", "requirements/dev.txt", "requirements-dev.txt"):
        if (root / name).is_file():
            return f"pip install -r {name}"
    return ""


def _python(described: dict[str, Any]) -> str:
    """The version to run on: the least that the project says it needs, from 3.11 on."""
    project = described.get("project")
    wanted = project.get("requires-python") if isinstance(project, dict) else None
    found = re.search(r">=\s*3\.(\d+)", wanted) if isinstance(wanted, str) else None
    return f"3.{max(int(found[1]), 11)}" if found else "3.12"
