"""Scratch copies: what a service makes when it starts is real and then gone; paths mean the same everywhere."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.change.source_lines import UserFiles, place_of_error
from pytest_runtime.replay.execute import scratch_copy
from pytest_runtime.replay.execute.code_loader import search_path
from pytest_runtime.replay.execute.plan import CannotReplay
from pytest_runtime.replay.execute.relocation import Relocation
from pytest_runtime.replay.execute.roots import Roots
from pytest_runtime.replay.execute.scratch_copy import copy_tree
from pytest_runtime.replay.model.job import Job
from pytest_runtime.testing import Scenario

STARTS = """
    import logging
    import os
    import pathlib
    import sqlite3
    import tempfile

    HERE = pathlib.Path(__file__).parent
    os.mkdir("logs")
    logging.basicConfig(filename="logs/shop.log", level=logging.INFO, force=True)
    (HERE / "shop.pid").write_text(str(os.getpid()))
    database = sqlite3.Connection("cache.sqlite")
    database.execute("create table seen(name)")
    database.commit()
    CACHE = tempfile.mkdtemp()

    def work(x):
        logging.info("work %s", x)
        return x
    """
QUIET = "def work(x):\n    return x\n"


def files_of(folder: Path) -> set[str]:
    """Everything below a folder but baselines and bytecode."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not any(part in str(path) for part in (".baseline", "__pycache__", ".runtime"))
    }


def recorded(folder: Path, source: str, *calls: object) -> Scenario:
    """A scenario whose function was recorded while the module did nothing at import."""
    folder.mkdir()
    scenario = Scenario(folder, {"shop": QUIET}).record(lambda shop: [shop.work(one) for one in calls or (1,)])
    for place in (scenario.folder, scenario.base):
        (place / f"{scenario.names['shop']}.py").write_text(textwrap.dedent(source))
    return scenario


def test_folders_logs_and_files_made_at_import_just_work(tmp_path: Path) -> None:
    """On both sides, in every process; and nothing of them is in the user's tree afterwards."""
    scenario = recorded(tmp_path / "p", STARTS, 1, 2)
    before = files_of(tmp_path)
    assert scenario.judge(everything=True).counts == {"same": 2}
    assert files_of(tmp_path) == before


def test_a_file_that_a_trace_writes_is_compared(tmp_path: Path) -> None:
    """Below the root, by its name from there; nothing is written."""
    writes = "import os\n\ndef work(x):\n    with open('out.csv', 'w') as out:\n        out.write(x)\n    return x\n"
    scenario = recorded(tmp_path / "p", writes, "a")
    (tmp_path / "p" / "out.csv").unlink(missing_ok=True)
    assert scenario.judge(everything=True).counts == {"same": 1}
    judged = scenario.rewrite("shop", writes.replace("out.write(x)", "out.write(x * 2)")).judge()
    assert judged.counts == {"diverged": 1}
    assert [name for name in judged.fields if name.startswith("write out.csv")]
    assert not (tmp_path / "p" / "out.csv").exists()


def test_temporary_files_of_a_trace_are_fine(tmp_path: Path) -> None:
    """They are private, and no replay sees those of another."""
    writes = """
        import os
        import tempfile

        def work(x):
            before = len(os.listdir(tempfile.gettempdir()))
            with open(os.path.join(tempfile.gettempdir(), "mine"), "x") as file:
                file.write("x")
            return x if not before else before
        """
    assert recorded(tmp_path / "p", writes, 1, 2, 3).judge(everything=True).counts == {"same": 3}


def test_data_files_beside_a_module_are_those_of_its_version(tmp_path: Path) -> None:
    """`__file__` leads into the copy."""
    reads = "import pathlib\n\ndef work(x):\n    return (pathlib.Path(__file__).parent / 'data.txt').read_text() * x\n"
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "data.txt").write_text("old")
    scenario = Scenario(folder, {"shop": reads}).record(lambda shop: shop.work(1))
    (scenario.folder / "data.txt").write_text("new")
    (scenario.base / "data.txt").write_text("old")
    assert scenario.judge(everything=True).fields == {"return": ("'old'", "'new'")}


def test_places_name_the_working_tree(tmp_path: Path) -> None:
    """Files of modules, lines that ran, and blind spots."""
    scenario = recorded(tmp_path / "p", QUIET)
    with scenario.loaded() as process:
        [file] = process.loaded.files
        assert file == str(scenario.folder / f"{scenario.names['shop']}.py")
        process.watch({file: [2]})
        [observed] = process.run(jobs_of(scenario))
        assert observed.lines == {file: [2]}


def jobs_of(scenario: Scenario) -> list[Job]:
    """The jobs of a baseline."""
    reader = open_reader(scenario.store)
    try:
        entries = reader.entries()
        return [Job(one.id, entries[one.entry], one.data, dict(one.producers)) for one in reader.traces()]
    finally:
        reader.close()


@pytest.mark.parametrize("ending", ["os._exit(3)", "raise SystemExit", "import missing_thing", "x = 1 +"])
def test_a_module_that_cannot_be_imported_is_named_with_the_users_line(tmp_path: Path, ending: str) -> None:
    """File, line and exception; "install" only where something is not installed."""
    scenario = recorded(tmp_path / "p", f"import os\n{ending}\n")
    with pytest.raises(CannotReplay) as told, scenario.loaded():
        pass
    said = str(told.value)
    if ending.startswith("os._exit"):
        assert "the process that loads the code under test ended" in said
    else:
        assert f"(at {scenario.names['shop']}.py:2)" in said
    assert ("Install 'missing_thing' in this environment" in said) == ("missing" in ending)


def test_the_application_is_made_before_modules_are_imported(tmp_path: Path) -> None:
    """It sets up what they need: Django's settings and apps."""
    web = """
        import readiness

        def app(environ, start_response):
            start_response("200 OK", [])
            return [b"x"]

        readiness.ready = True
        """
    models = "import readiness\n\nif not readiness.ready:\n    raise RuntimeError('apps are not loaded yet')\n"
    models += "\ndef work(x):\n    return x\n"
    (tmp_path / "readiness.py").write_text("ready = False\n")
    scenario = Scenario(tmp_path, {"models": "def work(x):\n    return x\n", "web": web}, app="web:app")
    scenario.record(lambda models, web: models.work(1))
    (tmp_path / f"{scenario.names['models']}.py").write_text(models)
    with scenario.loaded() as process:
        assert process.loaded.import_faults == {}
        assert [one.ended for one in process.run(jobs_of(scenario))] == ["outcome"]


def test_a_boundary_that_cannot_be_put_in_place_is_reported(tmp_path: Path) -> None:
    """It is declared, and the code has no such function."""
    scenario = recorded(tmp_path / "p", QUIET, 1)
    [module] = scenario.names.values()
    with scenario.loaded(boundaries=(f"{module}.send",)) as process:
        [fault] = process.loaded.faults
    assert fault.startswith(f"ConfigurationError: {module}.send is declared as a boundary, and there is no such")


@pytest.mark.skipif(sys.platform != "linux", reason="it is found by its number in /proc")
def test_a_loading_process_that_is_killed_is_started_again(tmp_path: Path) -> None:
    """Every trace has an answer; lines are still watched."""
    scenario = recorded(tmp_path / "p", QUIET, 1, 2, 3, 4)
    jobs = jobs_of(scenario)
    with scenario.loaded() as process:
        [file] = process.loaded.files
        process.watch({file: [2]})
        os.kill(process.pid, signal.SIGKILL)
        observed = list(process.run([msgspec.structs.replace(job, fresh=job is jobs[1]) for job in jobs]))
        assert [one.trace for one in observed] == [job.trace for job in jobs]
        assert {one.ended for one in observed} == {"outcome"}
        assert file in {file for one in observed for file in one.lines}


def test_who_ends_the_loading_process_loses_its_own_trace(tmp_path: Path) -> None:
    """Without fork a replay that ends the process ends the loaded one."""
    scenario = recorded(tmp_path / "p", "import os\n\ndef work(x):\n    return os._exit(3) if x == 2 else x\n", 1, 2, 3)
    with scenario.loaded() as process:
        process._start = process._start._replace(forking=False)
        process._restart()
        ended = {one.trace: one.ended for one in process.run(jobs_of(scenario))}
    assert sorted(ended.values()) == ["crashed", "outcome", "outcome"]


# --- what a copy holds ---------------------------------------------------------------------------------------------


def test_what_a_copy_holds(tmp_path: Path) -> None:
    """Files, links and empty folders; no version control, caches and environments."""
    source = tmp_path / "source"
    for name in ("pkg/a.py", ".git/config", "node_modules/x.js", "env/pyvenv.cfg", "env/lib/a.py", "logs/x.log"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    (source / "empty").mkdir()
    (source / "beside").symlink_to("pkg/a.py")
    (source / "whole").symlink_to(source / "pkg")
    (source / "out").symlink_to("../other")
    (source / "pkg" / "a.py").chmod(0o755)
    copied = copy_tree(str(source), str(tmp_path / "copy"))
    copy = tmp_path / "copy"
    assert files_of(copy) == {"pkg", "pkg/a.py", "logs", "logs/x.log", "empty", "beside", "whole", "out"}
    assert os.readlink(copy / "beside") == "pkg/a.py"
    assert os.readlink(copy / "whole") == str(copy / "pkg")
    assert os.readlink(copy / "out") == str(tmp_path / "other")
    assert (copy / "pkg" / "a.py").stat().st_mode & 0o777 == 0o755
    assert (copy / "pkg" / "a.py").stat().st_mtime_ns == (source / "pkg" / "a.py").stat().st_mtime_ns
    assert (copied.files, copied.linked) == (5, ())
    (copy / "pkg" / "a.py").write_text("changed")
    assert (source / "pkg" / "a.py").read_text() == "pkg/a.py"


def test_what_is_too_large_is_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One large file, and everything once the budget is used up; it can still be read."""
    monkeypatch.setattr(scratch_copy, "LARGE", 10)
    monkeypatch.setattr(scratch_copy, "MOST", 2)
    monkeypatch.setattr(scratch_copy, "_reflink", lambda original, here: False)
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    for name in ("a", "b", "deep/c", "deep/d"):
        (source / name).write_text("x" * (20 if name == "a" else 1))
    copied = copy_tree(str(source), str(tmp_path / "copy"))
    assert "a" in copied.linked
    assert copied.files == 2
    assert (tmp_path / "copy" / "a").is_symlink()
    assert (tmp_path / "copy" / "deep" / "d").read_text() == "x"


def test_links_of_a_base_into_the_working_tree_are_copied(tmp_path: Path) -> None:
    """What git ignores is lent to base: there it may be written too, and is as old as it is here."""
    users, base = tmp_path / "users", tmp_path / "base"
    (users / "logs").mkdir(parents=True)
    (users / "logs" / "old.log").write_text("old")
    (users / "a.py").write_text("new")
    os.utime(users / "a.py", ns=(5_000_000_000, 5_000_000_000))
    base.mkdir()
    (base / "a.py").write_text("old")
    (base / "logs").symlink_to(users / "logs")
    copy_tree(str(base), str(tmp_path / "copy"), twin=str(users))
    copy = tmp_path / "copy"
    assert not (copy / "logs").is_symlink()
    assert (copy / "logs" / "old.log").read_text() == "old"
    assert (copy / "a.py").read_text() == "old"
    assert (copy / "a.py").stat().st_mtime_ns == 5_000_000_000


def test_an_environment_in_the_project_stays_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in no checkout and no copy."""
    installed = tmp_path / ".venv" / "lib" / "site-packages"
    installed.mkdir(parents=True)
    (tmp_path / "lib").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "lib"), str(installed)])
    assert search_path(str(tmp_path), str(tmp_path / "other"), ("shop",)) == [
        str(tmp_path / "other" / "lib"),
        str(installed),
    ]


# --- names of folders ----------------------------------------------------------------------------------------------


def test_a_path_below_the_project_in_a_value_is_no_difference(tmp_path: Path) -> None:
    """It was recorded in the folder that pytest runs in, or in another one."""
    folder = tmp_path / "p"
    below = str(folder / "x.txt")
    echo = "import os\n\ndef work(x):\n    return [x, os.path.basename(x)]\n"
    for name in ("p", "q"):
        (tmp_path / name).mkdir()
        scenario = Scenario(tmp_path / name, {"shop": echo}).record(lambda shop: shop.work(below))
        assert scenario.judge(everything=True).counts == {"same": 1}


def test_folders_of_a_replay_are_named_in_letters_alone(tmp_path: Path) -> None:
    """What a service makes of a path by its digits, its `_` or its length is alike in every process."""
    source = """
        import os
        import tempfile

        def work(x):
            copy = os.path.basename(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
            own = os.path.basename(tempfile.gettempdir())
            names = [copy.removeprefix("pytest-runtime-"), own.removeprefix("replay-")]
            return x if all(name.isalpha() and len(name) == 8 for name in names) else names
        """
    assert recorded(tmp_path / "p", source).judge(everything=True).counts == {"same": 1}


def test_the_recordings_root_is_kept_and_moved(tmp_path: Path) -> None:
    """What was recorded in a container names the files of the code under test, and is hidden in what is compared."""
    folder = tmp_path / "p"
    folder.mkdir()
    read = "import pathlib\n\ndef work(x):\n    return pathlib.Path(x).read_text() if __file__ in x else x\n"
    scenario = Scenario(folder, {"shop": read}, root="/srv/shop")
    scenario.record(lambda shop: [shop.work("/srv/shop/a.txt"), shop.work("/srv/shop/data")])
    reader = open_reader(scenario.store)
    assert {one.root for one in reader.revisions().values()} == {"/srv/shop"}
    reader.close()
    scenario.change("shop", "return pathlib", "x = x.replace('/data', '/other')\n    return pathlib")
    replayed = scenario.judge()
    assert replayed.counts == {"same": 1, "diverged": 1}
    assert replayed.fields == {"return": ("'<root>/data'", "'<root>/other'")}


def test_a_baseline_that_says_nothing_of_its_root_can_be_read(tmp_path: Path) -> None:
    """Recorders did not write it before."""
    scenario = recorded(tmp_path / "p", QUIET)
    with sqlite3.connect(scenario.store) as connection:
        connection.execute("DROP TABLE place")
    connection.close()
    assert scenario.judge(everything=True).counts == {"same": 1}


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("/app/data/x.csv", "<here>/data/x.csv"),
        ("/app", "<here>"),
        ("/app/login", "/app/login"),
        ("/v1/app/data", "/v1/app/data"),
        ("/application", "/application"),
        ("see /home/ann/shop/x.txt.", "see <here>/x.txt."),
        ("file:///home/ann/shop/x", "file://<here>/x"),
        ("/home/ann/shopping", "/home/ann/shopping"),
    ],
)
def test_what_names_a_folder_of_the_recording(tmp_path: Path, text: str, moved: str) -> None:
    """A folder of the top may be part of a URL: there only what is there is a file."""
    (tmp_path / "data").mkdir()
    relocation = Relocation(["/app", "/home/ann/shop"], str(tmp_path))
    assert relocation.text(text) == moved.replace("<here>", str(tmp_path))


def test_all_roots_are_hidden_alike() -> None:
    """The copy's, the working tree's, the recording's, and the private temporary folder."""
    roots = Roots("/tmp/pr-1/project/shop", "/home/ann/shop", "/app", temporary=["/tmp/pr-1/tmp"])
    given = "/tmp/pr-1/project/shop/a /home/ann/shop/a /app/a /tmp/pr-1/tmp/replay-aaaaaaam/b /tmp/pr-1/tmp/b /v1/app/a"
    assert roots._text(given) == "<root>/a <root>/a <root>/a <tmp>/b <tmp>/b /v1/app/a"
    assert roots._data(given.encode()) == roots._text(given).encode()


def test_the_place_of_an_exception_is_a_line_of_the_user(tmp_path: Path) -> None:
    """However deep in the standard library or in our own code it was raised."""
    module = tmp_path / "shop.py"
    module.write_text("import json\n\ndef load():\n    return json.loads('{')\n")
    space: dict[str, object] = {}
    exec(compile(module.read_text(), str(module), "exec"), space)
    with pytest.raises(ValueError, match="property") as told:
        space["load"]()  # type: ignore[operator]  # a function
    assert place_of_error(told.value, UserFiles(str(tmp_path), lambda file: False)) == "shop.py:4"
