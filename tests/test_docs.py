"""The documents: everything that a person can say to the project is told in them, and what they show holds."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import get_args

import click
import pytest

from pytest_runtime import hooks, plugin
from pytest_runtime.cli.main import cli
from pytest_runtime.config import Configuration, read_table
from pytest_runtime.recorders.boundaries.catalogue import ON_IMPORT
from pytest_runtime.recorders.options import RedactOptions
from pytest_runtime.replay.model.verdict import VERDICTS
from pytest_runtime.rules.compare_rule import CompareRule, Normaliser

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


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
    """Each command stands in the document on recording, with its options."""
    document = text("docs/recording.md")
    context = click.Context(cli)
    names = cli.list_commands(context)
    assert {"record", "status", "seal", "prune"} <= set(names)
    missing = [name for name in names if f"pytest-runtime {name}" not in document]
    for command in (cli.get_command(context, name) for name in names):
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                missing += [name for name in parameter.opts if name not in document]
    assert missing == []


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
    assert [
        name for name in extras if name not in ("test", "lint") and f"[{name}]" not in text("docs/replaying.md")
    ] == []


def test_every_setting_is_documented() -> None:
    """Each key of the configuration stands in its document."""
    keys = [*Configuration.__struct_fields__, *RedactOptions.__struct_fields__]
    document = text("docs/configuration.md")
    assert [key for key in keys if not re.search(rf"\b{key}\b", document)] == []


def test_every_verdict_and_boundary_is_documented() -> None:
    """Each verdict is explained, and each library with a boundary is named."""
    assert [verdict for verdict in VERDICTS if f"| `{verdict}` |" not in text("docs/replaying.md")] == []
    assert [module for module in ON_IMPORT if f"`{module}`" not in text("docs/recording.md")] == []


def test_the_example_of_the_configuration_is_valid() -> None:
    """The configuration that the document shows is accepted as it stands."""
    lines = text("docs/configuration.md").splitlines()
    shown = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    "))
    table = tomllib.loads(shown)["tool"]["pytest-runtime"]
    configured = read_table(table, Path("pyproject.toml"))
    assert configured.include == ("shop",)
    assert {*Configuration.__struct_fields__} == {*table}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", *(f"docs/{one.name}" for one in DOCS.glob("*.md"))])
def test_links_lead_somewhere(name: str) -> None:
    """Every relative link of a document leads to a file."""
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text(name)) if "://" not in link]
    assert [link for link in links if link and not ((ROOT / name).parent / link).exists()] == []
