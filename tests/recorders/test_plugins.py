"""Plugins: what third parties add is found by its entry point; a broken one is named and costs nothing else."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_runtime.recorders import installed
from pytest_runtime.recorders.boundaries.catalogue import BUILT_IN
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.judge.recorded_plugins import lacking
from pytest_runtime.testing import Scenario

CLIENT = """
def ask(question):
    return ["not", "there", question]
"""
PLUGIN = """
from pytest_runtime.recorders.plugins import Boundary, Operation, PlainCodec, current_world, hookimpl, wrap

def install(module):
    def ask(wrapped, instance, args, kwargs):
        world = current_world()
        if world is None:
            return wrapped(*args, **kwargs)
        return world.call(Operation("oracle", "ask", "delphi", "read"), args, lambda: wrapped(*args, **kwargs))
    return wrap(module, "ask", ask)

class Codec(PlainCodec):
    def label(self, operation, request):
        return f"ASK {operation.resource}"

@hookimpl
def pytest_runtime_boundaries():
    return [Boundary("oracle", "oracle_client", install, Codec())]
"""
SERVICE = """
    import oracle_client

    def fate(king):
        return " ".join(oracle_client.ask(king))
    """


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path; its distributions are found from now on."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    installed.loaded.cache_clear()
    yield folder
    installed.loaded.cache_clear()
    for name in [name for name in sys.modules if name.startswith("oracle_")]:
        del sys.modules[name]


def install(folder: Path, name: str, plugin: str) -> None:
    """Put a distribution with one plugin there, as an installer would."""
    (folder / f"{name}.py").write_text(plugin)
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[pytest_runtime]\n{name} = {name}\n")


def test_a_boundary_of_another_project_records_and_answers(environment: Path, tmp_path: Path) -> None:
    """Its exchanges are recorded, answered on replay, and named by its codec; the baseline names the plugin."""
    (environment / "oracle_client.py").write_text(CLIENT)
    install(environment, "oracle_plugin", PLUGIN)
    service = tmp_path / "service"
    service.mkdir()
    scenario = Scenario(service, {"shop": SERVICE})
    scenario.record(lambda shop: shop.fate("Croesus"))
    (environment / "oracle_client.py").write_text("def ask(question):\n    raise OSError('gone')\n")
    assert scenario.replay().counts == {"same": 1}
    scenario.change("shop", "ask(king)", "ask(king.upper())")
    replayed = scenario.replay()
    assert replayed.counts == {"diverged": 1}
    assert any("ASK delphi" in field for field in replayed.fields)
    reader = open_reader(scenario.store)
    assert [dict(revision.plugins) for revision in reader.revisions().values()] == [{"oracle_plugin": "1.2"}]
    reader.close()


SCALES = """
class Weight:
    def __init__(self, grams, tare):
        self.grams, self.tare = grams, tare
        self.is_broken = grams < 0

    def __del__(self):
        pass
"""


def _shown(name: str) -> str:
    """A file as the page on values shows it."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "values.md").read_text(encoding="utf-8")
    lines = page.partition(f"`{name}`\n\n")[2].splitlines()
    shown = itertools.takewhile(lambda line: line.startswith("    ") or not line, lines)
    return "\n".join(line[4:] for line in shown) + "\n"


def test_a_type_of_another_project_is_taken_apart_and_built(environment: Path, tmp_path: Path) -> None:
    """As the page on values shows it: of a class whose objects no replay would build otherwise."""
    (environment / "scales.py").write_text(SCALES)
    (environment / "scales_replay.py").write_text(_shown("scales_replay.py"))
    install(environment, "scales_runtime", _shown("scales_runtime.py"))
    shop = "import scales\n\n\ndef net(weight):\n    return weight.grams - weight.tare\n"
    scenario = Scenario(tmp_path, {"shop": shop})

    def traffic(shop: Any) -> None:
        assert shop.net(shop.scales.Weight(500, 20)) == 480
        shop.net(shop.scales.Weight(-1, 0))

    scenario.record(traffic)
    replayed = scenario.replay()
    assert replayed.counts == {"same": 1, "not judged": 1}
    assert any("the scales are broken" in reason for reason in replayed.reasons)
    scenario.change("shop", "weight.grams - weight.tare", "weight.grams + weight.tare")
    assert scenario.replay().fields["return"] == ("480", "520")


def test_a_broken_plugin_is_named_and_costs_nothing_else(
    environment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service is recorded without it, and told so."""
    install(environment, "oracle_broken", "raise RuntimeError('no oracle today')\n")
    found = installed.loaded()
    assert [(plugin.name, plugin.fault) for plugin in found.found] == [
        ("oracle_broken", "RuntimeError: no oracle today")
    ]
    assert found.boundaries == BUILT_IN
    assert found.versions() == {}
    Scenario(tmp_path, {"shop": "def double(x):\n    return 2 * x\n"}).record(lambda shop: shop.double(4))
    assert "recording without the plugin oracle_broken: RuntimeError: no oracle today" in capsys.readouterr().err


def test_a_hook_that_is_none_is_a_fault(environment: Path) -> None:
    """A misspelt hook would add nothing, and nobody would know."""
    misspelt = (
        "from pytest_runtime.recorders.plugins import hookimpl\n\n@hookimpl\ndef pytest_runtime_boundary():\n    pass\n"
    )
    install(environment, "oracle_misspelt", misspelt)
    (found,) = installed.loaded().found
    assert "pytest_runtime_boundary" in found.fault


def test_names_of_a_plugin_are_redacted(environment: Path, tmp_path: Path) -> None:
    """What a plugin takes for secret is no less so than what the project does."""
    plugin = (
        "from pytest_runtime.recorders.plugins import RedactOptions, hookimpl\n\n@hookimpl\n"
        "def pytest_runtime_redaction():\n    return RedactOptions(names=('omen',))\n"
    )
    install(environment, "oracle_names", plugin)
    scenario = Scenario(tmp_path, {"shop": "def read(omen):\n    return len(omen)\n"})
    scenario.record(lambda shop: shop.read("two-eagles-from-the-left"))
    reader = open_reader(scenario.store)
    assert not any(b"two-eagles" in content for _place, content in reader.contents())
    reader.close()


def test_a_replay_names_the_plugin_that_it_lacks(environment: Path, tmp_path: Path) -> None:
    """Recorded with a plugin, replayed without it, or with one that is broken."""
    install(environment, "oracle_names", "")
    scenario = Scenario(tmp_path, {"shop": "def double(x):\n    return 2 * x\n"})
    scenario.record(lambda shop: shop.double(4))
    reader = open_reader(scenario.store)
    assert list(lacking(reader, installed.loaded())) == []
    (environment / "oracle_names.py").write_text("raise RuntimeError('no oracle today')\n")
    sys.modules.pop("oracle_names")
    installed.loaded.cache_clear()
    (broken,) = lacking(reader, installed.loaded())
    assert broken.startswith("the plugin oracle_names cannot be loaded: RuntimeError: no oracle today")
    shutil.rmtree(environment / "oracle_names-1.2.dist-info")
    installed.loaded.cache_clear()
    (missing,) = lacking(reader, installed.loaded())
    assert missing.startswith("recorded with the plugin oracle_names 1.2, which is not installed here")
    reader.close()


@pytest.mark.parametrize("kind", ["an archive", "an egg", "an old distribution"])
def test_a_plugin_is_found_wherever_it_is_installed(
    environment: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Looking for the name of the group beforehand passes over none that `importlib.metadata` knows."""
    points = "[console_scripts]\nx = y\n\n[pytest_runtime]\noracle_far = oracle_far\n"
    if kind == "an archive":
        archive = environment / "oracle.zip"
        with zipfile.ZipFile(archive, "w") as stream:
            stream.writestr("oracle_far.py", "")
            stream.writestr(
                "oracle_far-1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: oracle_far\nVersion: 1\n"
            )
            stream.writestr("oracle_far-1.2.dist-info/entry_points.txt", points)
        monkeypatch.syspath_prepend(str(archive))
    else:
        folder = environment / "oracle_far-1.2.egg" if kind == "an egg" else environment
        info = folder / ("EGG-INFO" if kind == "an egg" else "oracle_far-1.2.egg-info")
        info.mkdir(parents=True)
        (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: oracle_far\nVersion: 1\n")
        (info / "entry_points.txt").write_text(points)
        (folder / "oracle_far.py").touch()
        monkeypatch.syspath_prepend(str(folder))
    assert [(plugin.name, plugin.fault) for plugin in installed.loaded().found] == [("oracle_far", "")]


def test_without_a_plugin_nothing_is_loaded_that_reads_them() -> None:
    """Neither pluggy nor `importlib.metadata`, in a process of its own: each would cost every recorded one."""
    code = "import sys\nsys.path[:] = sys.argv[1:]\nfrom pytest_runtime.recorders.installed import loaded\n"
    code += "assert loaded().found == ()\nprint({'pluggy', 'importlib.metadata'} & set(sys.modules))"
    path = [str(Path(__file__).resolve().parents[2]), str(Path(msgspec.__file__).parents[1]), *sys.path]
    done = subprocess.run([sys.executable, "-S", "-c", code, *path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
