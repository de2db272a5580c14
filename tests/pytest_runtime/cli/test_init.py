"""`init`: what it finds out of a project, what it writes, and what it leaves alone."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from pytest_runtime.cli.main import cli
from pytest_runtime.config import load_project
from pytest_runtime.scaffold.detect import detect
from pytest_runtime.scaffold.files import ACTION, HOOKS, WORKFLOW

from .commands import run

OURS = ["runtime-check", "runtime-scan"]
FLASK = """
    import flask

    app = flask.Flask(__name__)
    """
FACTORY = """
    from flask import Flask

    def create_app(settings=None):
        app = Flask(__name__)
        return app

    def other(needed):
        return Flask(needed)
    """


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project in a git repository whose branch is `trunk`, as working directory."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch=trunk", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    return tmp_path


def write(root: Path, name: str, text: str = "") -> Path:
    """Write a file of the project."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def asked(answer: str, *argv: str) -> Result:
    """Run the command with somebody who answers."""
    return CliRunner().invoke(cli, ["init", *argv], input=answer)


def workflow(root: Path) -> Any:
    """The workflow, parsed."""
    return yaml.safe_load((root / WORKFLOW).read_text(encoding="utf-8"))


# --- what is found ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "packages", "framework", "app"),
    [
        ({"shop/__init__.py": "", "shop/web.py": FLASK}, ("shop",), "flask", "shop.web:app"),
        ({"shop/__init__.py": FACTORY}, ("shop",), "flask", "shop:create_app"),
        ({"shop/__init__.py": FACTORY, "shop/web.py": FLASK}, ("shop",), "flask", "shop.web:app"),
        (
            {"src/shop/__init__.py": "", "src/shop/web.py": FLASK, "other/__init__.py": ""},
            ("shop",),
            "flask",
            "shop.web:app",
        ),
        ({"app.py": FLASK, "test_app.py": FLASK, "setup.py": ""}, ("app",), "flask", "app:app"),
        (
            {
                "site/__init__.py": "",
                "site/wsgi.py": "from django.core.wsgi import get_wsgi_application as make\na = make()",
            },
            ("site",),
            "django",
            "site.wsgi:a",
        ),
        ({"api/__init__.py": "", "api/main.py": "import fastapi\napp = fastapi.FastAPI()"}, ("api",), "fastapi", ""),
        ({"shop/__init__.py": "", "shop/a.py": FLASK, "shop/b.py": FLASK}, ("shop",), "flask", ""),
        ({"shop/__init__.py": "", "shop/broken.py": "def (", "tests/__init__.py": FLASK}, ("shop",), "", ""),
        ({"shop/__init__.py": "", "stock/__init__.py": "", "docs/__init__.py": ""}, ("shop", "stock"), "", ""),
        ({}, (), "", ""),
    ],
)
def test_packages_framework_and_application_are_found(
    root: Path, files: dict[str, str], packages: tuple[str, ...], framework: str, app: str
) -> None:
    """Whatever the layout; nothing of the project is imported."""
    for name, text in files.items():
        write(root, name, text)
    found = detect(root)
    assert (found.packages, found.framework, found.app) == (packages, framework, app)


def test_the_package_that_is_called_like_the_project_is_meant(root: Path) -> None:
    """Where there are several."""
    write(root, "pyproject.toml", '[project]\nname = "My-Shop"\n')
    for name in ("my_shop", "helpers"):
        write(root, f"{name}/__init__.py")
    assert detect(root).packages == ("my_shop",)


@pytest.mark.parametrize(
    ("files", "install"),
    [
        ({"pyproject.toml": '[project]\nname = "x"\n'}, "pip install -e ."),
        ({"requirements.txt": ""}, "pip install -r requirements.txt"),
        ({"poetry.lock": ""}, "pip install poetry && poetry config virtualenvs.create false && poetry install"),
        ({"uv.lock": ""}, "pip install uv && uv export --frozen --all-extras | pip install -r /dev/stdin"),
        ({}, ""),
    ],
)
def test_how_the_project_is_installed_is_found(root: Path, files: dict[str, str], install: str) -> None:
    """By what lies there; where nothing does, a note says that the workflow lacks a step."""
    for name, text in files.items():
        write(root, name, text)
    found = detect(root)
    assert found.install == install
    assert any("add a step to the workflow" in note for note in found.notes) == (not install)


def test_the_branch_is_that_of_the_remote_else_of_the_repository(root: Path) -> None:
    """Whatever is checked out; without a repository, that is said."""
    assert detect(root).branch == "trunk"
    (root / ".git" / "refs" / "remotes" / "origin").mkdir(parents=True)
    (root / ".git" / "refs" / "remotes" / "origin" / "HEAD").write_text("ref: refs/remotes/origin/develop\n")
    assert detect(root).branch == "develop"


def test_outside_of_a_repository_main_is_assumed(tmp_path: Path) -> None:
    """And said."""
    found = detect(tmp_path)
    assert found.branch == "main"
    assert any("lies in no git repository" in note for note in found.notes)


def test_without_git_the_branch_is_assumed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note says what is missing."""
    monkeypatch.setenv("PATH", str(root))
    found = detect(root)
    assert found.branch == "main"
    assert any("Install git" in note for note in found.notes)


# --- what is written -------------------------------------------------------------------------------------------------


def test_a_project_is_set_up_once(root: Path) -> None:
    """Three files that say the same of it; a second time there is nothing to do."""
    write(root, "shop/__init__.py", FACTORY)
    first = run("init", "--yes", "--store", "s3://bucket/shop", "--baseline", "canary")
    assert (first.status, first.err) == (0, "")
    configuration = load_project(root).configuration
    assert (configuration.include, configuration.app, configuration.store) == (
        ("shop",),
        "shop:create_app",
        "s3://bucket/shop",
    )
    made = workflow(root)
    assert made[True]["pull_request"]["branches"] == ["trunk"]  # YAML 1.1 takes `on` for a boolean
    *steps, action = made["jobs"]["runtime"]["steps"]
    assert (action["uses"], action["with"]) == (ACTION, {"baseline": "canary"})
    assert 'pip install "pytest-runtime[remote]"' in [step.get("run") for step in steps]
    assert action["env"] == {"PYTEST_RUNTIME_KEY": "${{ secrets.PYTEST_RUNTIME_KEY }}"}
    (repository,) = yaml.safe_load((root / HOOKS).read_text(encoding="utf-8"))["repos"]
    assert repository["hooks"] == [{"id": "runtime-check", "args": ["--baseline=canary"]}, {"id": "runtime-scan"}]
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".git/" not in str(path)}
    second = run("init", "--yes")
    assert (second.status, second.lines[-1]) == (0, "nothing to do: the project is set up")
    assert {path: path.read_bytes() for path in before} == before


def test_it_shows_what_it_would_write_and_asks(root: Path) -> None:
    """No, and nothing is there; yes, and it is."""
    write(root, "shop/__init__.py")
    refused = asked("n\n")
    assert refused.exit_code == 1
    assert '+include = ["shop"]' in refused.output
    assert f"+++ b/{WORKFLOW.as_posix()}" in refused.output
    assert not (root / WORKFLOW).exists()
    assert (root / "pyproject.toml").read_text() == ""
    assert asked("y\n").exit_code == 0
    assert (root / WORKFLOW).exists()


def test_where_nobody_can_answer_nothing_is_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said how to write without being asked."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    ran = run("init")
    assert ran.status == 2
    assert "nothing was written; --yes writes without asking" in ran.err
    assert not (root / WORKFLOW).exists()


def test_as_json_it_writes_with_yes_alone(root: Path) -> None:
    """Status 1 says that something is to be written."""
    write(root, "shop/__init__.py")
    shown = run("init", "--json")
    assert (shown.status, shown.json["written"]) == (1, False)
    assert shown.json["packages"] == ["shop"]
    assert {file["path"] for file in shown.json["files"] if file["diff"]} == {
        "pyproject.toml",
        WORKFLOW.as_posix(),
        HOOKS.as_posix(),
    }
    assert not (root / WORKFLOW).exists()
    assert run("init", "--json", "--yes").json["written"] is True
    again = run("init", "--json")
    assert (again.status, [file["diff"] for file in again.json["files"]]) == (0, ["", "", ""])


@pytest.mark.parametrize(
    "before",
    [
        '# a comment\n[project]\nname   =   "shop"  # odd blanks\n\n[tool.ruff]\nline-length = 99\n',
        '[tool.pytest-runtime]  # ours\nsample = "all"\n\n[tool.pytest-runtime.baselines]\nx = "y"\n\n[tool.z]\n',
        "[tool]\nruff = {a = 1}\n",
        "tool.ruff.a = 1\n",
        '[project]\nname = "shop"',
    ],
)
def test_the_project_file_keeps_its_form(root: Path, before: str) -> None:
    """Every line of it stays, in order, and what is new is read as meant."""
    write(root, "shop/__init__.py")
    (root / "pyproject.toml").write_text(before, encoding="utf-8")
    assert run("init", "--yes").status == 0
    after = (root / "pyproject.toml").read_text(encoding="utf-8")
    lines = iter(after.splitlines())
    assert all(line in lines for line in before.splitlines())
    table = tomllib.loads(after)["tool"]
    assert table["pytest-runtime"]["include"] == ["shop"]
    old = tomllib.loads(before).get("tool", {})
    assert {key: table[key] for key in old if key != "pytest-runtime"} == {
        key: value for key, value in old.items() if key != "pytest-runtime"
    }
    assert old.get("pytest-runtime", {}).items() <= table["pytest-runtime"].items()


def test_what_somebody_configured_stays(root: Path) -> None:
    """Also where something else was found."""
    write(root, "shop/__init__.py", FLASK)
    write(root, "pyproject.toml", '[tool.pytest-runtime]\ninclude = ["other"]\napp = "other:app"\n')
    run("init", "--yes")
    configuration = load_project(root).configuration
    assert (configuration.include, configuration.app) == (("other",), "other:app")


def test_a_workflow_of_ones_own_stays(root: Path) -> None:
    """Where it uses the action; another one of that name is replaced after it was shown."""
    own = write(root, str(WORKFLOW), "jobs:\n  x:\n    steps:\n      - uses: pytest-runtime/pytest-runtime@v1\n")
    before = own.read_text()
    run("init", "--yes")
    assert own.read_text() == before
    own.write_text("name: something else\n")
    assert "-name: something else" in asked("n\n").output
    assert own.read_text() == "name: something else\n"


@pytest.mark.parametrize(
    ("before", "hooks"),
    [
        (
            "repos:\n  - repo: https://x/y\n    rev: v1\n    hooks:\n      - id: a\n",
            ["a", *OURS],
        ),
        ("# top\nrepos:\n- repo: local\n  hooks:\n  - id: a  # why\n# end\n", ["a", *OURS]),
        (
            "repos:\n  - repo: local\n    hooks:\n      - id: a\n\nci:\n  skip: [a]\n",
            ["a", *OURS],
        ),
        (
            "fail_fast: true\nrepos:  # all\n  - repo: local\n    hooks:\n    - id: a\nexclude: x\n",
            ["a", *OURS],
        ),
        ("repos:\n  - repo: local\n    hooks:\n      - id: runtime-check\n", ["runtime-check"]),
        ("", OURS),
    ],
)
def test_the_hook_is_added_to_the_others(root: Path, before: str, hooks: list[str]) -> None:
    """Every line of the file stays, in order, and what stood beside the list still does."""
    if before:
        (root / HOOKS).write_text(before, encoding="utf-8")
    assert run("init", "--yes").status == 0
    after = (root / HOOKS).read_text(encoding="utf-8")
    lines = iter(after.splitlines())
    assert all(line in lines for line in before.splitlines())
    document = yaml.safe_load(after)
    assert [hook["id"] for repository in document.pop("repos") for hook in repository["hooks"]] == hooks
    kept = yaml.safe_load(before) or {}
    kept.pop("repos", None)
    assert document == kept


def test_a_list_that_cannot_be_added_to_is_left_to_its_owner(root: Path) -> None:
    """What to add is shown."""
    (root / HOOKS).write_text("repos: [{repo: local, hooks: []}]\n", encoding="utf-8")
    ran = run("init", "--yes")
    assert ran.status == 0
    assert "Add under repos:" in ran.out
    assert "- id: runtime-check" in ran.lines
    assert (root / HOOKS).read_text(encoding="utf-8") == "repos: [{repo: local, hooks: []}]\n"


@pytest.mark.parametrize(
    ("argv", "text", "said"),
    [
        (("--baseline", "a b"), "", "'a b' is no name of a baseline"),
        (("--store", "folder"), "", "'folder' is no URL"),
        ((), "[tool.pytest-runtime]\ninclud = 1\n", "did you mean 'include'?"),
        ((), "[tool", "is not valid TOML"),
    ],
)
def test_what_cannot_be_has_status_2(root: Path, argv: tuple[str, ...], text: str, said: str) -> None:
    """And nothing is written."""
    write(root, "pyproject.toml", text)
    ran = run("init", "--yes", *argv)
    assert ran.status == 2
    assert said in ran.err
    assert not (root / WORKFLOW).exists()


def test_names_in_the_workflow_are_data(root: Path) -> None:
    """A branch whose name is an expression of GitHub is none there."""
    subprocess.run(["git", "symbolic-ref", "HEAD", 'refs/heads/a${{secrets.X}}"b'], cwd=root, check=True)
    assert run("init", "--yes").status == 0
    assert workflow(root)[True]["pull_request"]["branches"] == ['a$ {{secrets.X}}"b']
