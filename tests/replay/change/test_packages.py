"""Included packages are found as Python finds them, in any layout; one that is not there is an error, never green."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_runtime.recorders.errors import ConfigurationError
from pytest_runtime.replay.change.packages import USUAL, homes_below, homes_in, homes_of


def tree(root: Path, *files: str) -> Path:
    """A folder with empty files."""
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return root


@pytest.mark.parametrize("home", ["", "src/", "lib/", "backend/", "services/x/"])
def test_a_package_is_found_in_any_folder(tmp_path: Path, home: str) -> None:
    """Also where nobody put that folder on the path."""
    root = tree(tmp_path, f"{home}oddshop/__init__.py", f"{home}oddshop/web.py", "tests/test_x.py")
    assert homes_of(root, ["oddshop"]) == (home,)
    assert homes_of(root, ["oddshop.web"]) == (home,)
    assert homes_below(str(root), ["oddshop"], ()) == [str(root / home) if home else str(root)]


def test_what_the_interpreter_finds_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two copies in the tree, the one on the path."""
    root = tree(tmp_path, "one/oddshop/__init__.py", "two/oddshop/__init__.py")
    monkeypatch.syspath_prepend(str(root / "two"))
    assert homes_of(root, ["oddshop"]) == ("two/",)


def test_a_copy_elsewhere_does_not_hide_the_working_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed in another folder, or in an environment below the root: the tree's own files are meant."""
    root = tree(tmp_path / "root", "lib/oddshop/__init__.py", ".venv/lib/oddshop/__init__.py")
    elsewhere = tree(tmp_path / "site", "oddshop/__init__.py")
    for place in (elsewhere, root / ".venv" / "lib"):
        monkeypatch.setattr(sys, "path", [str(place), *sys.path])
        assert homes_of(root, ["oddshop"]) == ("lib/",)


def test_two_places_and_nothing_to_choose_by_are_an_error(tmp_path: Path) -> None:
    """It names both."""
    root = tree(tmp_path, "one/oddshop/__init__.py", "two/oddshop/__init__.py")
    with pytest.raises(ConfigurationError, match="one/oddshop and two/oddshop"):
        homes_of(root, ["oddshop"])


def test_a_package_without_a_file_is_an_error_that_names_what_may_be_meant(tmp_path: Path) -> None:
    """A slip of the pen in `include` would compare nothing with nothing."""
    root = tree(tmp_path, "lib/oddshop/__init__.py")
    with pytest.raises(ConfigurationError, match=r"no file of it lies below .* Did you mean 'oddshop'\?"):
        homes_of(root, ["oddshopp"])


def test_an_included_package_of_another_place_is_named_with_it(tmp_path: Path) -> None:
    """One of the standard library is no part of any working tree."""
    with pytest.raises(ConfigurationError, match=r"imports it from .*json\S*, which is no part of the working tree"):
        homes_of(tmp_path, ["json"])


def test_another_revision_may_have_another_layout() -> None:
    """A package that moved from `lib` to the root is found in both."""
    assert homes_in(["lib/oddshop/web.py"], ["oddshop"], ("",)) == ("", "lib/")
    assert homes_in(["oddshop/web.py"], ["oddshop"], ("",)) == ("",)
    assert set(homes_in(["src/oddshop/web.py"], ["oddshop"], ("lib/",))) == {"lib/", *USUAL}


def test_a_folder_inside_a_package_is_no_home(tmp_path: Path) -> None:
    """A package that carries a copy of another one inside it does not offer it."""
    root = tree(tmp_path, "deep/down/oddshop/__init__.py", "app/__init__.py", "app/oddshop/__init__.py")
    assert homes_of(root, ["oddshop"]) == ("deep/down/",)
