"""The documents: everything that a person can say to the project is told in them, and what they show holds."""

from __future__ import annotations

import inspect
import pkgutil
import re
import tomllib
from pathlib import Path
from typing import get_args

import click
import pytest

import pytest_runtime
from pytest_runtime import hooks, plugin
from pytest_runtime.cli.main import cli
from pytest_runtime.config import Configuration, read_table
from pytest_runtime.recorders.boundaries.catalogue import BUILT_IN
from pytest_runtime.recorders.boundaries.protocol import ExchangeCodec
from pytest_runtime.recorders.options import RedactOptions
from pytest_runtime.recorders.session.entry_recorder import EntryRecorder
from pytest_runtime.replay.entries.protocol import EntryReplayer
from pytest_runtime.replay.model.verdict import VERDICTS
from pytest_runtime.rules.compare_rule import CompareRule, Normaliser

from .command_line_reference import command_of, page, sections, with_inner

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
REPOSITORY = "https://github.com/pytest-runtime/pytest-runtime"


def text(name: str) -> str:
    """A document."""
    return (ROOT / name).read_text(encoding="utf-8")


def options_of_pytest() -> list[str]:
    """The plugin's own options."""
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    return [name for option in parser.getgroup("runtime").options for name in option.names()]


def test_every_option_is_documented() -> None:
    """Each option of the plugin stands in the document on replaying."""
    options = options_of_pytest()
    assert "--runtime-baseline" in options
    assert [name for name in options if name not in text("docs/replaying.md")] == []


def test_every_command_and_its_options_are_documented() -> None:
    """Each command, and each of a group, has a section in the reference, and each option a row in it."""
    described = sections(text("docs/command_line.md"))
    names = [each for name in cli.list_commands(click.Context(cli)) for each in with_inner(name)]
    assert {"record", "show", "seal", "prune", "key add"} <= set(names)
    assert sorted(described) == sorted(names)
    for name in names:
        options = [option for option in command_of(name)[0].params if isinstance(option, click.Option)]
        missing = [option.name for option in options if f"| `{option.opts[0]}" not in described[name]]
        assert (name, missing) == (name, [])


def test_the_reference_of_commands_is_as_they_are() -> None:
    """Written anew it is the same: `python -m tests.command_line_reference`."""
    assert text("docs/command_line.md") == page()


def test_every_hook_is_documented() -> None:
    """Each with its arguments, in the document on replaying."""
    names = [name for name in vars(hooks) if name.startswith("pytest_runtime_")]
    assert names == ["pytest_runtime_normalise", "pytest_runtime_compare"]
    document = text("docs/replaying.md")
    signatures = [f"def {name}({', '.join(inspect.signature(getattr(hooks, name)).parameters)}):" for name in names]
    assert [signature for signature in signatures if signature not in document] == []


def test_every_key_of_a_rule_of_comparison_is_documented() -> None:
    """And each way to normalise."""
    document = text("docs/replaying.md")
    assert [key for key in CompareRule.__struct_fields__ if f"| `{key}` |" not in document] == []
    assert [way for way in get_args(Normaliser) if f'`"{way}"`' not in document] == []


def test_every_extra_is_documented() -> None:
    """Each set of dependencies that a user may want."""
    extras = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]
    pages = text("docs/replaying.md") + text("docs/command_line.md")
    assert [name for name in extras if name not in ("test", "lint", "docs") and f"[{name}]" not in pages] == []


def test_every_setting_is_documented() -> None:
    """Each key of the configuration stands in its document."""
    keys = [*Configuration.__struct_fields__, *RedactOptions._fields]
    document = text("docs/configuration.md")
    assert [key for key in keys if not re.search(rf"\b{key}\b", document)] == []


def test_every_verdict_and_boundary_is_documented() -> None:
    """Each verdict is explained, and each library with a boundary is named."""
    assert [verdict for verdict in VERDICTS if f"| `{verdict}` |" not in text("docs/replaying.md")] == []
    waited_for = [boundary.module for boundary in BUILT_IN if boundary.module]
    assert [module for module in waited_for if f"`{module}`" not in text("docs/recording.md")] == []


def test_the_example_of_the_configuration_is_valid() -> None:
    """The configuration that the document shows is accepted as it stands."""
    lines = text("docs/configuration.md").splitlines()
    shown = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    "))
    table = tomllib.loads(shown)["tool"]["pytest-runtime"]
    configured = read_table(table, Path("pyproject.toml"))
    assert configured.include == ("shop",)
    assert {*Configuration.__struct_fields__} == {*table}


PAGES = sorted(str(page.relative_to(ROOT)) for page in DOCS.rglob("*.md"))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", *PAGES])
def test_links_lead_somewhere(name: str) -> None:
    """Every link of a document to a file of the repository leads to one, be it relative or by the repository's URL."""
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text(name))]
    own = re.compile(rf"{REPOSITORY}/(?:blob|tree)/main/(.+)")
    files = [(ROOT / name).parent / target for target in targets if target and "://" not in target]
    files += [ROOT / found[1] for target in targets if (found := own.match(target))]
    assert [str(file) for file in files if not file.exists()] == []


def test_the_reference_of_python_names_what_is_there() -> None:
    """Every object that the page takes from the code, so that a name that is gone is seen before the site is built."""
    page = text("docs/python.md")
    names = re.findall(r"(?m)^::: (\S+)$", page)
    assert "pytest_runtime.recording.record" in names
    assert {f"pytest_runtime.{name}" for name in pytest_runtime.__all__} <= set(re.findall(r"heading: (\S+)", page))
    for name in names:
        pkgutil.resolve_name(name)


def files_of(page: str) -> dict[str, str]:
    """The files that a page shows: a line with the name alone, then the text, indented."""
    shown: dict[str, list[str]] = {}
    name = ""
    for line in text(page).splitlines():
        if found := re.fullmatch(r"`([\w.]+)`", line):
            name = found[1]
        elif name and (line.startswith("    ") or not line):
            shown.setdefault(name, []).append(line.removeprefix("    "))
        else:
            name = ""
    return {name: "\n".join(lines) + "\n" for name, lines in shown.items()}


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("docs/boundaries.md", {"delphi.py", "delphi_runtime.py", "test_delphi.py"}),
        ("docs/entries.md", {"letterbox.py", "letterbox_runtime.py", "letterbox_replay.py", "test_letterbox.py"}),
    ],
)
def test_the_pages_on_plugins_hold(page: str, names: set[str], pytester: pytest.Pytester) -> None:
    """Their files, put where they say, record and replay: the test that each shows passes."""
    files = files_of(page)
    assert set(files) == names
    for name, content in files.items():
        (pytester.path / name).write_text(content)
    block = re.search(r"(?m)^    \[project\.entry-points\.pytest_runtime\]\n    (\w+) = \"(\w+)\"\n", text(page))
    assert block is not None
    info = pytester.path / f"{block[1]}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {block[1]}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[pytest_runtime]\n{block[1]} = {block[2]}\n")
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-o", "pythonpath=.", f"test_{block[1]}.py")
    result.assert_outcomes(passed=1)


def test_every_function_of_a_codec_is_documented() -> None:
    """The page on boundaries names all that a codec may say."""
    names = [name for name in vars(ExchangeCodec) if not name.startswith("_")] + ["rest_is_gap"]
    assert [name for name in names if f"`{name}`" not in text("docs/boundaries.md")] == []


def test_every_function_of_an_entry_is_documented() -> None:
    """The page on entries names all that a recorder and a replayer of entries have."""
    names = [name for name in vars(EntryRecorder) if not name.startswith("_")]
    names += [name for name in vars(EntryReplayer) if not name.startswith("_")]
    page = text("docs/entries.md")
    assert [name for name in names if not re.search(rf"\b{name}\b", page)] == []


def test_the_page_on_the_house_names_every_module() -> None:
    """Each room has its row, with the modules that are in it, and no other."""
    page = text("docs/structure.md")
    for top in ("recorders", "replay"):
        for room in (path for path in (ROOT / top).iterdir() if (path / "__init__.py").exists()):
            modules = [str(path.relative_to(room).with_suffix("")) for path in sorted(room.rglob("*.py"))]
            named = [f"`{module}`" for module in modules if not module.endswith("__init__")]
            rows = re.findall(rf"(?m)^\| `{room.name}/` \|[^|]+\| ([^|]+) \|$", page)
            assert ", ".join(named) in rows, f"docs/structure.md: the row of {top}/{room.name}"
