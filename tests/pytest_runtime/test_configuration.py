"""Configuration: what a project may say, and what it is answered when it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_runtime.config import Configuration, Project, find_root, load_project
from pytest_runtime.recorders.errors import ConfigurationError


def project(folder: Path, text: str) -> Project:
    """The project in a folder with this text as its table."""
    (folder / "pyproject.toml").write_text(f"[tool.pytest-runtime]\n{text}\n", encoding="utf-8")
    return load_project(folder)


def test_everything_has_a_default(tmp_path: Path) -> None:
    """A folder without a project file has the default configuration."""
    assert load_project(tmp_path).configuration == Configuration()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every key."""
    text = """
        include = ["shop", "lib"]
        app = "shop.web:app"
        entries = ["wsgi", "shop.tasks:*"]
        boundaries = ["shop.gateway.Client"]
        sample = "all"
        exemplars = 5
        time_limit = 2.5
        [[tool.pytest-runtime.compare]]
        field = "response.json.items[*].score"
        tolerance = 1e-9
        reason = "float noise"
        [[tool.pytest-runtime.compare]]
        field = "return"
        entry = "shop.jobs:*"
        normalise = "uuid"
        reason = "made by a driver that no boundary knows"
        [tool.pytest-runtime.redact]
        names = ["iban"]
        keep = ["token_kind"]
        [tool.pytest-runtime.baselines]
        staging = "sqlite:////srv/staging.baseline"
        """
    configured = project(tmp_path, text).configuration
    assert configured.include == ("shop", "lib")
    assert configured.redact.names == ("iban",)
    assert (configured.sample, configured.exemplars, configured.time_limit) == ("all", 5, 2.5)
    assert [rule.words for rule in configured.compare] == [
        "response.json.items[*].score within 1e-09",
        "return of shop.jobs:* with uuid normalised",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('inclde = ["shop"]', "has no key 'inclde'; did you mean 'include'?"),
        ("exemplar = 1", "has no key 'exemplar'; did you mean 'exemplars'?"),
        ("zzz = 1", "has no key 'zzz'; known are: include, app, entries"),
        ('include = "shop"', r"Expected `array`, got `str` - at `\$.include`"),
        ("include = [1]", r"Expected `str`, got `int` - at `\$.include\[0\]`"),
        ('sample = "none"', r"at `\$.sample`"),
        ('exemplars = "many"', r"Expected `int`, got `str` - at `\$.exemplars`"),
        ('redact = {name = ["x"]}', "unknown field `name`"),
    ],
)
def test_a_mistake_is_reported_with_the_file_and_the_way_out(tmp_path: Path, text: str, said: str) -> None:
    """The file, the table, the key, and the nearest known one or the type that belongs there."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        project(tmp_path, text)
    assert str(tmp_path / "pyproject.toml") in str(caught.value)
    assert "[tool.pytest-runtime]" in str(caught.value)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """With the line at fault."""
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml is not valid TOML: .*line 1"):
        load_project(tmp_path)


def test_the_table_may_be_missing(tmp_path: Path) -> None:
    """A project file of other tools."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load_project(tmp_path).configuration == Configuration()


def test_a_baseline_lies_in_the_default_folder(tmp_path: Path) -> None:
    """Unless it is configured: a relative path counts from the project's root, a URL and an absolute path stand."""
    text = """
        [tool.pytest-runtime.baselines]
        near = "shared/near.baseline"
        far = "sqlite:////srv/far.baseline"
        there = "/srv/there.baseline"
        """
    found = project(tmp_path, text)
    assert found.store_url("staging") == str(tmp_path / ".runtime" / "staging.baseline")
    assert found.store_url("near") == str(tmp_path / "shared" / "near.baseline")
    assert found.store_url("far") == "sqlite:////srv/far.baseline"
    assert found.store_url("there") == "/srv/there.baseline"


def test_known_baselines_are_those_of_the_folder_and_of_the_configuration(tmp_path: Path) -> None:
    """In order of name."""
    (tmp_path / ".runtime").mkdir()
    (tmp_path / ".runtime" / "staging.baseline").touch()
    (tmp_path / ".runtime" / "other.txt").touch()
    assert project(tmp_path, 'baselines = {canary = "x"}').known_baselines() == ["canary", "staging"]


def test_the_root_is_the_nearest_folder_that_configures_it(tmp_path: Path) -> None:
    """A package of a workspace inherits the table above it, unless it has its own."""
    inner = tmp_path / "packages" / "shop"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    project(tmp_path, 'include = ["shop"]')
    assert find_root(inner) == tmp_path
    project(inner, 'include = ["shop"]')
    assert find_root(inner) == inner


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("field = 'a'\nignore = true", "missing required field `reason`"),
        ("field = 'a'\nignore = true\nreason = ' '", "the rule for 'a' has no reason"),
        ("field = ' '\nignore = true\nreason = 'x'", "a rule has an empty field"),
        ("ignore = true\nreason = 'x'", "missing required field `field`"),
        ("field = 'a'\nreason = 'x'", "does not say how to compare; it says exactly one of tolerance, relative"),
        (
            "field = 'a'\nignore = true\ntolerance = 1\nreason = 'x'",
            "says tolerance and ignore; it says exactly one of",
        ),
        ("field = 'a'\nignore = false\nreason = 'x'", "ignore is written as ignore = true, or left out"),
        ("field = 'a'\ntolerance = 0\nreason = 'x'", "tolerance is a positive number, not 0"),
        ("field = 'a'\ntolerance = inf\nreason = 'x'", "tolerance is a positive number, not inf"),
        ("field = 'a'\nrelative = 1.0\nreason = 'x'", "relative is a share between 0 and 1, not 1"),
        ("field = 'a'\nnormalise = 'uid'\nreason = 'x'", "normalise cannot be 'uid'; did you mean 'uuid'?"),
        ("field = 'a'\ntolerence = 1\nreason = 'x'", "has no key 'tolerence'; did you mean 'tolerance'?"),
        ("field = 'a'\nunordered = 'yes'\nreason = 'x'", r"Expected `bool \| null`, got `str`"),
    ],
)
def test_a_mistake_in_a_rule_of_comparison_is_reported(tmp_path: Path, text: str, said: str) -> None:
    """With the file, the rule, and what belongs there."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        project(tmp_path, f"[[tool.pytest-runtime.compare]]\n{text}")
    assert str(tmp_path / "pyproject.toml") in str(caught.value)
