"""Selection: replayed is what a change can have reached, and nothing else."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.replay.change.impact import impact_of
from pytest_runtime.replay.change.modules import module_of
from pytest_runtime.replay.change.packages import USUAL
from pytest_runtime.replay.change.versions import Versions
from pytest_runtime.replay.judge.seal import Seal
from pytest_runtime.replay.judge.selection import Changed, Selection, dependents, imported
from pytest_runtime.testing import Scenario

MODULES = {
    "rates": """
        RATE = 2
        UNUSED = 1

        def rate():
            return RATE
        """,
    "prices": """
        import rates

        def price(amount):
            return amount * rates.rate()
        """,
    "texts": """
        def title(text):
            return text.title()

        class Label:
            width = 3

            def __init__(self, text):
                self.text = text

            def shown(self):
                return self.text[: self.width]
        """,
}


def traffic(rates: Any, prices: Any, texts: Any) -> None:
    """Something of each."""
    prices.price(3)
    texts.title("ann")
    texts.Label("a label").shown()


@pytest.fixture
def shop(tmp_path: Path) -> Scenario:
    """Three modules, of which one imports another."""
    return Scenario(tmp_path, MODULES).record(traffic)


def replayed(scenario: Scenario) -> set[str]:
    """The entries that were replayed."""
    return {one.entry.partition(":")[2] for one in scenario.judge().classes}


def test_a_function_selects_what_ran_it(shop: Scenario) -> None:
    """Through any number of calls."""
    assert replayed(shop.change("rates", "return RATE", "return  (RATE + 0)")) == {"price"}


def test_a_constant_counts_for_the_functions_that_mention_it(shop: Scenario) -> None:
    """Through any number of calls, and for nobody else."""
    assert replayed(shop.change("rates", "RATE = 2", "RATE = 3")) == {"price"}


def test_a_constant_that_no_included_function_mentions_counts_for_everything(shop: Scenario) -> None:
    """A framework may read it."""
    found = replayed(shop.change("rates", "UNUSED = 1", "UNUSED = 2"))
    assert found == {"price", "title", "Label.__init__", "Label.shown"}


def test_a_plug_in_that_nothing_imports_by_name_counts_for_everything() -> None:
    """It may be found by its folder, and set what it likes."""
    impact = impact_of({"shop": "def f(): pass\n"}, {"shop": "def f(): pass\n", "shop.plug": "X = 1\n"})
    assert impact.everything == "shop.plug is new, and nothing imports it by name: it may be loaded as a plug-in"


def test_a_setting_that_another_module_carries_over_counts_for_everything(tmp_path: Path) -> None:
    """`wire` is imported by name nowhere, and sets what `calc` computes with; no import leads from it to `calc`."""
    modules = {
        "config": "RATE = 2\n",
        "calc": "RATE = 0\n\ndef price(n):\n    return n * RATE\n",
        "wire": "import calc\nimport config\n\ncalc.RATE = config.RATE\n",
    }
    scenario = Scenario(tmp_path, modules).record(lambda config, calc, wire: calc.price(3))
    assert scenario.change("config", "RATE = 2", "RATE = 5").judge().fields == {"return": ("6", "15")}


def test_a_class_body_counts_for_its_module(shop: Scenario) -> None:
    """A function that mentions what it sets is reached."""
    found = replayed(shop.change("texts", "width = 3", "width = 4"))
    assert found == {"Label.shown"}


def test_bases_of_a_class_count(shop: Scenario) -> None:
    """They are part of it, although no statement in it changed."""
    assert "Label.shown" in replayed(shop.change("texts", "class Label:", "class Label(dict):"))


def test_a_decorator_counts(shop: Scenario) -> None:
    """It is part of the function."""
    changed = "def once(function):\n    return function\n\n@once\ndef title"
    assert "title" in replayed(shop.change("texts", "def title", changed))


@pytest.mark.parametrize(
    ("old", "new"),
    {
        "a comment": ("return text.title()", "return text.title()  # in capitals"),
        "a docstring": ("def title(text):", 'def title(text):\n    """In capitals."""'),
        "layout": ("return text.title()", "return (\n        text.title()\n    )"),
        "type hints": ("def title(text):", "def title(text: str) -> str:"),
    }.values(),
)
def test_what_means_nothing_selects_nothing(shop: Scenario, old: str, new: str) -> None:
    """Comments, docstrings, formatting, type hints."""
    assert replayed(shop.change("texts", old, new)) == set()


def test_a_removed_function_selects_what_ran_it(shop: Scenario) -> None:
    """Although no function that is there changed."""
    found = shop.change("rates", "def rate():", "def other():").judge()
    assert found.counts == {"diverged": 1}
    assert "AttributeError" in str(found.fields)


def test_a_data_file_selects_what_read_it(tmp_path: Path) -> None:
    """One read by an entry selects that entry's traces, and its content decides."""
    source = """
        import os

        HERE = os.path.dirname(__file__)

        def greeting(name):
            with open(os.path.join(HERE, "greeting.txt")) as stream:
                return stream.read().strip() + name

        def other():
            return 1
        """
    scenario = Scenario(tmp_path, {"shop": source})
    (tmp_path / "greeting.txt").write_text("Hello ")

    def both(shop: Any) -> None:
        shop.greeting("Ann")
        shop.other()

    scenario.record(both)
    (scenario.base / "greeting.txt").write_text("Hello ")
    assert replayed(scenario) == set()
    (tmp_path / "greeting.txt").write_text("Bye ")
    found = scenario.judge()
    assert {one.entry.partition(":")[2] for one in found.classes} == {"greeting"}
    assert found.fields["return"] == ("'HelloAnn'", "'ByeAnn'")


def selection(distributions: Iterable[str] = (), *, settings: bool = False, files: Iterable[str] = ()) -> Selection:
    """Of two traces: one ran `shop`, which imports `yaml`; one ran `plain`."""
    sources = {"shop": "import yaml\ndef f(): pass\n", "plain": "def g(): pass\n"}
    seal = Seal(
        base="HEAD",
        python="3.12.1",
        distributions={},
        sources=sources,
        files={},
        read_by_all=["settings.toml"],
        functions=["shop:f", "plain:g"],
        ran={"one": [0], "two": [1]},
        recorded={"one": [0], "two": [1]},
        read={"two": ["data.json"]},
        traces={},
    )
    changed = Changed(frozenset(files), frozenset(distributions), settings)
    return Selection(Versions(sources, sources), changed, seal)


def test_another_version_of_a_dependency_selects_what_imports_it() -> None:
    """Directly or through an included module."""
    chosen = selection(["yaml"])
    assert chosen.why("one") == "it ran shop:f: yaml is another version"
    assert chosen.why("two") == ""


def test_settings_and_files_that_all_read_select_everything() -> None:
    """Nobody can say whom they concern."""
    assert selection(settings=True).why("two") == "the configuration of pytest-runtime changed"
    assert selection(files=["settings.toml"]).why("one").startswith("settings.toml changed")
    assert selection(files=["data.json"]).why("two") == "it read data.json, which changed"
    assert selection(files=["data.json"]).why("one") == ""


@pytest.mark.parametrize(
    ("module", "text", "expected"),
    [
        ("shop.web", "import shop.rates", {"shop", "shop.rates"}),
        ("shop.web", "from .rates import RATE", {"shop.rates", "shop.rates.RATE"}),
        ("shop.web", "from . import rates", {"shop", "shop.rates"}),
        ("shop", "from .rates import RATE", {"shop.rates"}),
        ("shop.a.b", "from ..rates import RATE", {"shop.rates"}),
    ],
)
def test_imports_are_read_from_the_source(module: str, text: str, expected: set[str]) -> None:
    """Absolute and relative, of modules and of packages."""
    assert expected <= imported(module, text)


def test_dependents_follow_circles_and_chains() -> None:
    """Each is found once, with the change that reaches it."""
    sources = {"a": "import b", "b": "import c", "c": "import a", "d": ""}
    assert dependents(sources, ["c"], {}) == {"c": "c", "b": "c", "a": "c"}


def test_modules_are_named_by_their_files() -> None:
    """In the project's root or its `src`."""
    assert module_of("shop/web.py", ["shop"], USUAL) == "shop.web"
    assert module_of("src/shop/__init__.py", ["shop"], USUAL) == "shop"
    assert module_of("lib/shop/web.py", ["shop"], USUAL) == ""
    assert module_of("lib/shop/web.py", ["shop"], ("lib/",)) == "shop.web"
    assert module_of("shop.py", ["shop"], USUAL) == "shop"
    assert module_of("tests/test_shop.py", ["shop"], USUAL) == ""
    assert module_of("shop/data.json", ["shop"], USUAL) == ""


# --- what the running process loads and reads -----------------------------------------------------------------------


def with_files(folder: Path, source: str, traffic: Any, files: dict[str, str]) -> Scenario:
    """One module and other files of the repository, the same at base."""
    scenario = Scenario(folder, {"shop": source})
    scenario.base.mkdir(exist_ok=True)
    for home in (folder, scenario.base):
        for name, text in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
    return scenario.record(traffic)


@pytest.mark.parametrize(
    ("source", "name", "old", "new"),
    [
        (
            """
            import pathlib
            TEXT = (pathlib.Path(__file__).parent / "rates.md").read_text()
            def price(n):
                return n * int(TEXT)
            """,
            "rates.md",
            "2",
            "5",
        ),
        (
            """
            import runpy, pathlib
            SETTINGS = runpy.run_path(str(pathlib.Path(__file__).parent / "site_settings.py"))
            def price(n):
                return n * SETTINGS["RATE"]
            """,
            "site_settings.py",
            "RATE = 2",
            "RATE = 5",
        ),
        (
            """
            import sys, pathlib
            sys.path.insert(0, str(pathlib.Path(__file__).parent / "tools"))
            import common_of_nobody
            def price(n):
                return n * common_of_nobody.rate()
            """,
            "tools/common_of_nobody.py",
            "def rate(): return 2",
            "def rate(): return 5",
        ),
    ],
    ids=["a data file of any ending", "settings that are run", "repository code outside of include"],
)
def test_what_was_read_or_loaded_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, name: str, old: str, new: str
) -> None:
    """With a seal on disk and without one."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "common_of_nobody", raising=False)
    scenario = with_files(tmp_path, source, lambda shop: shop.price(3), {name: old, "README.md": "x"})
    sys.modules.pop("common_of_nobody", None)
    (tmp_path / "README.md").write_text("another")
    assert replayed(scenario) == set()
    (tmp_path / name).write_text(new)
    for forget in (False, True):
        if forget:
            shutil.rmtree(tmp_path / ".runtime" / "seals")
        found = scenario.judge()
        assert found.fields == {"return": ("6", "15")}


def test_a_new_file_in_a_folder_that_was_listed_counts(tmp_path: Path) -> None:
    """Plug-ins that are found by their folder."""
    source = """
        import pathlib
        def names():
            return sorted(path.name for path in (pathlib.Path(__file__).parent / "plugins").iterdir())
        """
    scenario = with_files(tmp_path, source, lambda shop: shop.names(), {"plugins/a.txt": "", "docs/b.txt": ""})
    (tmp_path / "docs" / "c.txt").write_text("")
    assert replayed(scenario) == set()
    (tmp_path / "plugins" / "c.txt").write_text("")
    assert scenario.judge().counts == {"diverged": 1}


def test_what_a_warm_cache_hides_is_selected(tmp_path: Path) -> None:
    """A trace counts with the functions that it runs in a fresh process: cached, they run in the first trace alone."""
    source = """
        import functools

        @functools.cache
        def rate():
            return 2

        def price(n):
            return n * rate()
        """

    def traffic(shop: Any) -> None:
        for number in (0, 1, 2, 0):  # the first and the last of them come out the same
            shop.price(number)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    assert scenario.change("shop", "return 2", "return 3").judge().counts == {"same": 2, "diverged": 2}


@pytest.mark.parametrize("asked", ["exists()", "stat().st_size if path.exists() else 0", "is_file()"])
def test_a_file_that_was_only_asked_about_counts(tmp_path: Path, asked: str) -> None:
    """Whether it is there, or how large it is, may decide."""
    source = f"""
        import pathlib
        path = pathlib.Path(__file__).parent / "flag.txt"
        def flagged():
            return path.{asked}
        """
    scenario = with_files(tmp_path, source, lambda shop: shop.flagged(), {"other.txt": ""})
    (tmp_path / "other.txt").write_text("x")
    assert replayed(scenario) == set()
    (tmp_path / "flag.txt").write_text("x")
    assert scenario.judge().counts == {"diverged": 1}
