"""Bad input: bases that do not load, packages that are there twice, seals that cannot be kept, replays that leave
something behind, baselines that lie. Each costs what it must and no more, and is told in a line."""

from __future__ import annotations

import importlib
import os
import shutil
import sqlite3
import sys
import textwrap
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_runtime.recorders.model.inputs import input_of
from pytest_runtime.recorders.model.trace import Trace, decode_trace, encode_trace
from pytest_runtime.recorders.model.value_tree import DictNode, ObjectNode, Tree, TupleNode, field
from pytest_runtime.recorders.options import RecordOptions
from pytest_runtime.recorders.recording import Recording
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.change.checkout import checked_out
from pytest_runtime.replay.change.modules import followed, module_files
from pytest_runtime.replay.change.packages import USUAL
from pytest_runtime.replay.execute.plan import CannotReplay
from pytest_runtime.replay.judge.oracle import BaseUnavailable, find_oracle
from pytest_runtime.replay.judge.seal import FORMAT, Seal, SealedTrace, read_seal
from pytest_runtime.replay.judge.setup import Setup
from pytest_runtime.replay.run.options import RunProject
from pytest_runtime.replay.run.run import Run
from pytest_runtime.testing import Replayed, Scenario
from tests.replay.world.test_producers import CART

from ..change.test_base import Repository, _people, found, repository  # noqa: F401 - fixtures

SHOP = """
    def total(items):
        return sum(items)

    def label(name):
        return f"hello {name}"
    """


def shop(folder: Path, source: str = SHOP) -> Scenario:
    """Two functions, recorded."""

    def traffic(shop: Any) -> None:
        shop.total([1, 2])
        shop.label("x")

    return Scenario(folder, {"shop": source}).record(traffic)


def at_base(scenario: Scenario, change: Callable[[str], str]) -> Scenario:
    """The base reads otherwise; the candidate is what was recorded, with a change that selects everything."""
    base = scenario.base / f"{scenario.names['shop']}.py"
    base.write_text(change(base.read_text(encoding="utf-8")), encoding="utf-8")
    return scenario


def before(line: str) -> Callable[[str], str]:
    """Puts statements at the head of a module."""
    return lambda text: f"{textwrap.dedent(line)}\n{text}"


# --- base that does not load ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "what"),
    {
        "missing": ("import not_installed_here", "ModuleNotFoundError: No module named 'not_installed_here'"),
        "syntax": ("def (:", "SyntaxError: invalid syntax"),
        "lines": ('raise ValueError("two\\n  lines")', "ValueError: two lines"),
        "exit": ("import sys\nsys.exit(3)", "SystemExit: 3"),
        "status": ("import os\nos._exit(3)", "the process that loads the code under test ended: it said nothing"),
    }.values(),
    ids=str,
)
def test_a_base_that_does_not_import_is_reported_in_a_line(tmp_path: Path, head: str, what: str) -> None:
    """Which base, what failed, and what to do."""
    scenario = at_base(shop(tmp_path), before(head))
    with pytest.raises(BaseUnavailable) as failed:
        scenario.judge(everything=True)
    message = str(failed.value)
    assert message.startswith(f"base (directory {scenario.base}) cannot be replayed in this environment: ")
    assert what in message
    assert message.endswith("Name another base with --runtime-base REV or --runtime-base DIR")
    assert "\n" not in message


def test_a_base_that_hangs_when_it_is_imported_is_stopped(tmp_path: Path) -> None:
    """With the line at which it was; all of its processes are gone."""
    scenario = at_base(shop(tmp_path), before("while True:\n    pass"))
    started = time.monotonic()
    with pytest.raises(BaseUnavailable, match=r"took longer than 0\.5 s, at File .*shop_\d+\.py\", line [12]"):
        scenario.judge(everything=True, load_limit=0.5)
    assert time.monotonic() - started < 10


def test_a_base_that_speaks_and_starts_threads_when_it_is_imported(tmp_path: Path) -> None:
    """Nobody hears it; what such a thread does to the world is refused."""
    planted = tmp_path / "planted"
    noise = f"""
        import sys, threading, time
        print("hello")
        print("hello", file=sys.stderr)

        def work():
            while True:
                time.sleep(0.05)
                open({str(planted)!r}, "w").write("x")

        threading.Thread(target=work, daemon=True).start()
        """
    scenario = at_base(shop(tmp_path), before(noise))
    slow = "import time\n    started = time.monotonic()\n    while time.monotonic() < started + 0: pass\n    return sum"
    scenario.change("shop", "return sum", slow)
    assert scenario.judge(everything=True).counts == {"same": 2}
    assert not planted.exists()


def test_a_candidate_that_does_not_import_is_reported_in_a_line(tmp_path: Path) -> None:
    """Nothing can be judged without it."""
    scenario = shop(tmp_path).rewrite("shop", "import not_installed_here\n")
    with pytest.raises(CannotReplay, match=r"cannot import the included package 'shop_\d+': ModuleNotFoundError") as no:
        scenario.judge(everything=True)
    assert "\n" not in str(no.value)


# --- a package that is there twice ---------------------------------------------------------------------------------


class Project:
    """Packages in a folder, recorded and judged in this process; `base` is a copy made when it was recorded."""

    def __init__(self, folder: Path, files: Mapping[str, str], *include: str) -> None:
        self.folder = folder / "project"
        self.base = folder / "base"
        self.store = str(folder / "one.baseline")
        self._include = include
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")

    def record(self, traffic: Callable[[], object], *, home: str = "", early: tuple[str, ...] = ()) -> Project:
        """Run the traffic under the recorder; `early` are modules that were imported before it started."""
        shutil.copytree(self.folder, self.base, symlinks=True)
        recording = Recording(
            RecordOptions(baseline="one", store=self.store, include=self._include, sample="all", app="")
        )
        sys.path.insert(0, str(self.folder / home))
        try:
            for name in early:
                importlib.import_module(name)
            recording.start()
            traffic()
        finally:
            sys.path.remove(str(self.folder / home))
            recording.stop()
            self._forget()
        return self

    def _forget(self) -> None:
        for name in list(sys.modules):
            if name.partition(".")[0] in self._include:
                del sys.modules[name]

    def change(self, name: str, old: str, new: str) -> Project:
        """Replace a text in a file."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        return self

    def judge(self) -> Replayed:
        """Against the copy."""
        setup = Setup(
            root=str(self.folder),
            baseline="one",
            store=self.store,
            include=self._include,
            app="",
            boundaries=(),
            base=str(self.base),
        )
        run = Run(RunProject(setup, open_reader(self.store)))
        sys.path.insert(0, str(self.folder))
        try:
            verdicts = run.judge_all()
            names = [verdict.item for verdict in verdicts]
            assert len(set(names)) == len(names)
            return Replayed(tuple(verdicts), tuple(run.found.reach.blind_spots()))
        finally:
            run.stop()
            sys.path.remove(str(self.folder))
            self._forget()


DOUBLE = "def double(amount):\n    return amount * 2\n"
PRICES = "def price(amount):\n    return amount * 2\n"


def use_both() -> None:
    """One call under each name."""
    import twice.prices  # type: ignore[import-not-found]  # of the project
    import twin  # type: ignore[import-not-found]  # of the project

    twice.prices.price(2)
    twin.price(3)


def test_a_package_that_hands_on_another_is_no_second_one(tmp_path: Path) -> None:
    """Calls by either name are calls of the function where it is defined, and told there."""
    files = {"twice/__init__.py": "", "twice/prices.py": PRICES, "twin/__init__.py": "from twice.prices import price\n"}
    project = Project(tmp_path, files, "twice", "twin").record(use_both)
    assert project.judge().counts == {}
    replayed = project.change("twice/prices.py", "* 2", "* 3").judge()
    assert [one.entry for one in replayed.classes] == ["twice.prices:price"]
    assert replayed.counts == {"diverged": 2}
    assert (replayed.location.file, replayed.location.line) == ("twice/prices.py", 2)


@pytest.mark.parametrize(
    "early",
    [
        (),
        pytest.param(
            ("twice", "twin"),
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="modules loaded before are not seen on 3.11"),
        ),
    ],
    ids=["under the recorder", "before it"],
)
def test_a_module_that_stands_under_a_second_name_is_no_second_one(tmp_path: Path, early: tuple[str, ...]) -> None:
    """As `sys.modules` has it."""
    other = (
        "import sys\nimport twice.prices\nsys.modules['twin.prices'] = twice.prices\nfrom twice.prices import price\n"
    )
    files = {"twice/__init__.py": "", "twice/prices.py": PRICES, "twin/__init__.py": other}
    project = Project(tmp_path, files, "twice", "twin").record(use_both, early=early)
    with closing(open_reader(project.store)) as reader:
        ran = [name for stored in reader.traces() if stored.trace is not None for name in stored.trace.functions]
    assert set(ran) == {"twice.prices:price"}
    replayed = project.change("twice/prices.py", "* 2", "* 3").judge()
    assert {one.entry for one in replayed.classes} == {"twice.prices:price"}
    assert replayed.location.file == "twice/prices.py"


def linked(folder: Path, link: str, target: str, files: Mapping[str, str]) -> Project:
    """A project with a link in it."""
    project = Project(folder, files, "twice", "twin")
    (project.folder / link).symlink_to(target)
    return project


def test_a_package_that_is_a_link_to_another_is_two_of_one_text(tmp_path: Path) -> None:
    """Python loads it twice; a change of the text is a change of both."""
    files = {"twice/__init__.py": "from .prices import price\n", "twice/prices.py": PRICES}
    project = linked(tmp_path, "twin", "twice", files).record(use_both)
    assert project.judge().counts == {}
    replayed = project.change("twice/prices.py", "* 2", "* 3").judge()
    assert sorted(one.entry for one in replayed.classes) == ["twice.prices:price", "twin.prices:price"]
    assert replayed.counts == {"diverged": 2}
    files_told = {trace.location.file for trace in replayed.traces if trace.location is not None}
    assert files_told == {"twice/prices.py", "twin/prices.py"}


def test_a_module_that_is_a_link_has_the_text_it_leads_to(tmp_path: Path) -> None:
    """Out of the included packages, even."""
    files = {"twice/__init__.py": "", "twice/prices.py": PRICES, "lib/impl.py": PRICES}
    project = linked(tmp_path, "twin.py", "lib/impl.py", files).record(use_both)
    replayed = project.change("lib/impl.py", "* 2", "* 3").judge()
    assert [one.entry for one in replayed.classes] == ["twin:price"]
    assert replayed.counts == {"diverged": 1}


def test_src_comes_before_the_root(tmp_path: Path) -> None:
    """A package that lies in both is the one in `src`; a change of the other is none."""
    files = {
        f"{home}twice/{name}": text
        for home in ("", "src/")
        for name, text in {"__init__.py": "", "prices.py": PRICES}.items()
    }

    def traffic() -> None:
        import twice.prices

        twice.prices.price(2)

    project = Project(tmp_path, files, "twice").record(traffic, home="src")
    assert project.change("twice/prices.py", "* 2", "* 4").judge().counts == {}
    replayed = project.change("src/twice/prices.py", "* 2", "* 3").judge()
    assert replayed.counts == {"diverged": 1}
    assert replayed.fields["return"] == ("4", "6")
    assert replayed.location.file == "src/twice/prices.py"


def test_a_replay_keeps_no_bytecode_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it need to: a module outside the included packages is imported all the same."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    files = {"twice.py": "import beside\n\ndef price(amount):\n    return beside.double(amount)\n", "beside.py": DOUBLE}

    def traffic() -> None:
        import twice

        twice.price(2)

    project = Project(tmp_path, files, "twice").record(traffic)
    sys.modules.pop("beside")
    for folder in (project.folder, project.base):
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    replayed = project.change("twice.py", "(amount):\n    return ", "(amount):\n    return 1 * ").judge()
    assert replayed.counts == {"same": 1}
    assert not list(tmp_path.rglob("*.pyc"))


def test_links_that_lead_nowhere_lead_nowhere() -> None:
    """In circles, out of the project, to what is not there."""
    tree = {"a": "1", "b": "2", "shop/up": "3", "shop/x.py": "4", "gone": "5", "out": "6"}
    links = {"a": "b", "b": "a", "shop/up": "../shop", "gone": "nothing", "out": "../../etc"}
    files = followed(tree, links, USUAL)
    assert files.blobs["shop/up/x.py"] == files.blobs["shop/up/up/x.py"] == "4"
    assert module_files(files.blobs, ["shop"], USUAL)["shop.x"] == "shop/x.py"
    assert len(files.blobs) < 50


# --- seals ---------------------------------------------------------------------------------------------------------


def told(scenario: Scenario, **options: Any) -> list[str]:
    """What is said while the oracle is found."""
    lines: list[str] = []
    reader = open_reader(scenario.store)
    with closing(reader):
        setup = scenario._setup(base=str(scenario.base), **options)
        sys.path.insert(0, str(scenario.folder))
        try:
            assert find_oracle(setup, reader, lines.append, always=True).seal is not None
        finally:
            sys.path.remove(str(scenario.folder))
    return lines


def test_a_seal_of_another_format_is_made_again_and_said(tmp_path: Path) -> None:
    """Also a damaged one."""
    scenario = shop(tmp_path)
    assert [line[:8] for line in told(scenario)] == ["sealing "]
    [path] = (tmp_path / ".runtime" / "seals").glob("*.seal")
    assert told(scenario) == []
    path.write_bytes(b"pytest-runtime seal 99\n")
    again, sealing = told(scenario)
    assert again.startswith("the seal cannot be read and is made again: ")
    assert f"format 99; this version reads and writes {FORMAT}" in again
    assert sealing.startswith("sealing ")
    assert read_seal(path).traces


def test_a_seal_that_cannot_be_kept_is_used_all_the_same(tmp_path: Path) -> None:
    """The next run makes it again."""
    scenario = shop(tmp_path).change("shop", "return sum(items)", "return sum(items) + 1")
    (tmp_path / ".runtime").mkdir()
    (tmp_path / ".runtime" / "seals").write_text("in the way")
    _sealing, line = told(scenario)
    assert line.startswith("the seal cannot be kept, and every run makes it again: ")
    assert str(tmp_path / ".runtime" / "seals") in line
    assert "\n" not in line
    assert scenario.judge().counts == {"diverged": 1}


def test_old_seals_of_one_baseline_go_and_those_of_others_stay(tmp_path: Path) -> None:
    """Whatever the others are called."""
    scenario = shop(tmp_path)
    seals = tmp_path / ".runtime" / "seals"
    seals.mkdir(parents=True)
    old = [seals / f"scenario-{number:020x}.seal" for number in range(9)]
    others = [seals / f"scenario-{number}-{number:020x}.seal" for number in range(9)]
    for age, path in enumerate([*old, *others]):
        path.write_bytes(b"")
        os.utime(path, (age, age))
    told(scenario)
    assert all(path.exists() for path in others)
    assert [path.exists() for path in old] == [False] * 4 + [True] * 5


# --- what a replay leaves behind -----------------------------------------------------------------------------------

LEAVING = """
    import os
    import sys
    import threading

    def place(number):
        leave(number)
        return [os.path.basename(os.getcwd()) == "away", "LEFT" in os.environ, "/left" in sys.path, number]

    def leave(number):
        pass
    """


def test_what_a_replay_changes_of_its_process_is_put_back(tmp_path: Path) -> None:
    """The first leaves everything behind; the others find nothing of it."""

    def traffic(shop: Any) -> None:
        for number in range(4):
            shop.place(number)

    (tmp_path / "away").mkdir()
    scenario = Scenario(tmp_path, {"shop": LEAVING}).record(traffic)
    leave = f"""def leave(number):
        if number == 0:
            threading.Thread(target=threading.Event().wait, args=(20,), daemon=True).start()
            os.chdir({str(tmp_path / "away")!r})
            os.environ["LEFT"] = "1"
            os.putenv("LEFT", "1")
            sys.path.insert(0, "/left")"""
    scenario.change("shop", "def leave(number):\n    pass", textwrap.dedent(leave))
    replayed = scenario.judge()
    assert replayed.counts == {"diverged": 1, "same": 3}
    [diverged] = [trace for trace in replayed.traces if trace.verdict == "diverged"]
    assert {one.field for one in diverged.differences} == {"return[0]", "return[1]", "return[2]"}


# --- baselines that lie --------------------------------------------------------------------------------------------


def edited(scenario: Scenario, change: Callable[[str, Trace], Trace]) -> None:
    """Rewrite the producers in a baseline, as someone could who made the file."""
    with closing(sqlite3.connect(scenario.store)) as connection, connection:
        for name, data in connection.execute("SELECT id, data FROM producer").fetchall():
            trace = change(name, decode_trace(zlib.decompress(data)))
            row = zlib.compress(encode_trace(trace)), name
            connection.execute("UPDATE producer SET data = ? WHERE id = ?", row)


def carts(folder: Path) -> Scenario:
    """Three traces: what made a cart, what changed it, its total."""

    def traffic(shop: Any) -> None:
        cart = shop.Cart("ann")
        cart.add("pen", 2)
        cart.total()

    scenario = Scenario(folder, {"shop": CART}).record(traffic)
    return scenario.change("shop", "* self._rate", "* self._rate * 1")


def test_missing_producers_leave_the_recorded_state(tmp_path: Path) -> None:
    """What nobody can make again is filled with what was recorded."""
    scenario = carts(tmp_path)
    with closing(sqlite3.connect(scenario.store)) as connection, connection:
        connection.execute("DELETE FROM producer")
        connection.execute("DELETE FROM made")
    assert scenario.judge(everything=True).counts == {"same": 3}


def test_producers_that_make_each_other_end(tmp_path: Path) -> None:
    """In a circle, and in one that spreads: the recorded state takes their place, quickly."""
    scenario = carts(tmp_path)
    addition = next(trace for trace in scenario.traces() if trace.entry.endswith("Cart.add"))
    with closing(sqlite3.connect(scenario.store)) as connection:
        names = [name for (name,) in connection.execute("SELECT id FROM producer")]
    round_about = {name: names[position - 1] for position, name in enumerate(names)}

    def circle(name: str, trace: Trace) -> Trace:
        fields = {one: getattr(addition, one) for one in addition.__struct_fields__}
        return type(addition)(**{**fields, "producers": [round_about[name]] * 2})

    edited(scenario, circle)
    started = time.monotonic()
    assert scenario.judge(everything=True).counts == {"same": 3}
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "origin",
    [
        *("named os:system", "named subprocess:Popen", "named shop:os.system", "named shop:", "named", "named :"),
        *("made 0 value/../../x", "made 0 value/__class__", "made 0", "made -1 value", "made ² value", "made 9 value"),
        *("made 0 value/0/0/0", "made 0 nowhere", f"made 0 value/{'9' * 6000}", "made 0 args/0", " ", "else", "made\0"),
    ],
)
def test_an_origin_that_lies_leads_to_nothing(tmp_path: Path, origin: str) -> None:
    """Recorded state takes its place, or the trace is not judged; nothing is called and nothing fails."""
    scenario = carts(tmp_path)
    total = next(trace for trace in scenario.traces() if trace.entry.endswith("Cart.total"))
    hostile = with_origin(total, origin.replace("shop:", f"{scenario.names['shop']}:"))
    replace_trace(scenario, total, hostile)
    replayed = scenario.judge(everything=True)
    assert replayed.counts in ({"same": 3}, {"same": 2, "not judged": 1})


def with_origin(trace: Trace, origin: str) -> Trace:
    """The same trace; its receiver says that it came from elsewhere."""
    arguments = field(trace.input.tree(), "arguments")
    assert isinstance(arguments, TupleNode)
    receiver = arguments.items[0]
    assert isinstance(receiver, ObjectNode)
    told = msgspec.structs.replace(receiver, origin=origin)
    given = TupleNode([told, *arguments.items[1:]])
    fields = {one: getattr(trace, one) for one in trace.__struct_fields__}
    return type(trace)(**{**fields, "input": input_of(trace.input, replaced(trace.input.tree(), arguments, given))})


def replaced(tree: Tree, old: Tree, new: Tree) -> Tree:
    """A recorded input with another part."""
    assert isinstance(tree, DictNode)
    return DictNode(tree.keys, [new if value is old else value for value in tree.values])


def replace_trace(scenario: Scenario, old: Trace, new: Trace) -> None:
    """In the file."""
    from pytest_runtime.recorders.store.sqlite_schema import digest_of

    data = encode_trace(new)
    with closing(sqlite3.connect(scenario.store)) as connection, connection:
        for entry, dictionary in connection.execute("SELECT name, dictionary FROM entry").fetchall():
            if entry != old.entry:
                continue
            packer = zlib.compressobj(9, zdict=zlib.decompress(dictionary))
            row = packer.compress(data) + packer.flush(), digest_of(data), entry
            connection.execute("UPDATE trace SET data = ?, digest = ? WHERE entry = ?", row)


# --- what git ignores ----------------------------------------------------------------------------------------------


IGNORE = (
    "_version.py\n.env\nlocal/\n*.sqlite\ncached.json\n.venv/\nother-env/\n__pycache__/\n.runtime/\nnode_modules/\n"
)


@pytest.fixture
def ignoring(repository: Repository) -> Repository:  # noqa: F811 - the fixture
    """A service that needs three ignored files, beside what nobody needs."""
    repository.write(".gitignore", IGNORE)
    repository.write("pkg/__init__.py", "")
    repository.write("cached.json", "{}")
    repository.git("add", "--force", "cached.json")
    repository.commit("service")
    for name in (
        *("pkg/_version.py", ".env", "local/data/rates.json", "local/keys.txt", "shop.sqlite", "other-env/pyvenv.cfg"),
        *(".venv/lib/x.py", "pkg/__pycache__/a.pyc", ".runtime/seals/x.seal", "node_modules/left/pad.js"),
    ):
        repository.write(name, f"of the user: {name}\n")
    return repository


def names_in(folder: Path) -> set[str]:
    """Everything in a folder but git's own, links not followed."""
    found = set()
    for here, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        found |= {(Path(here) / name).relative_to(folder).as_posix() for name in (*files, *links)}
    return {name for name in found if not name.startswith(".git/")}


def test_a_checkout_has_what_git_ignores_by_links(ignoring: Repository) -> None:
    """One for each file or folder; no caches, no environments, nothing of ours; what base has is base's."""
    ignoring.write("cached.json", "changed")
    with checked_out(found(ignoring.path, "HEAD")) as root:
        committed = {".gitignore", "cached.json", "pkg/__init__.py", "shop.py"}
        lent = {"pkg/_version.py", ".env", "local", "shop.sqlite"}
        assert names_in(root) == committed | lent
        assert all((root / name).is_symlink() for name in lent)
        assert (root / "local/data/rates.json").read_text() == "of the user: local/data/rates.json\n"
        assert (root / "cached.json").read_text() == "{}"


def test_an_ignored_folder_that_base_has_a_part_of_is_lent_file_by_file(ignoring: Repository) -> None:
    """Base's own files are not hidden, and nothing is put into the user's folder."""
    ignoring.git("add", "--force", "local/keys.txt")
    ignoring.commit("keys")
    ignoring.git("rm", "--quiet", "--cached", "local/keys.txt")
    ignoring.write("local/keys.txt", "changed")
    with checked_out(found(ignoring.path, "HEAD")) as root:
        assert (root / "local/keys.txt").read_text() == "of the user: local/keys.txt\n"
        assert (root / "local/data").is_symlink()
        assert not (root / "local").is_symlink()


def test_an_ignored_file_of_a_folder_that_base_lacks_is_not_lent(ignoring: Repository) -> None:
    """A new package is no package of base."""
    ignoring.write("later/new.py", "new\n")
    ignoring.write("later/_version.py", "new\n")
    with checked_out(found(ignoring.path, "HEAD")) as root:
        assert not (root / "later").exists()


def test_the_users_files_outlive_the_checkout_and_many_cost_one_link(ignoring: Repository) -> None:
    """A folder that is ignored as a whole is one link, whatever lies in it."""
    for number in range(2_000):
        ignoring.write(f"local/many/{number}", "x")
    state = ignoring.state()
    started = time.monotonic()
    with checked_out(found(ignoring.path, "HEAD")) as root:
        taken = time.monotonic() - started
        assert sum(one.is_symlink() for one in root.iterdir()) == 3
    assert ignoring.state() == state
    assert taken < 2


WRITING = """
    import os
    import pathlib

    HERE = pathlib.Path(__file__).parent

    def write(how):
        pass
    """
WRITES = """def write(how):
    match how:
        case "write":
            (HERE / ".env").write_text("gone")
        case "append":
            os.close(os.open(HERE / "local" / "keys.txt", os.O_WRONLY | os.O_APPEND))
        case "new":
            (HERE / "local" / "new.txt").write_text("new")
        case "cache":
            (HERE / "local" / "__pycache__").mkdir()
        case "remove":
            (HERE / "local" / "keys.txt").unlink()
        case "rename":
            (HERE / "shop.sqlite").rename(HERE / "gone.sqlite")
"""


@contextmanager
def recorded(folder: Path, store: str, name: str) -> Iterator[Any]:
    """A module of a repository, imported under the recorder; the working directory is the old one afterwards."""
    recording = Recording(RecordOptions(baseline="one", store=store, include=(name,), sample="all", app=""))
    working = Path.cwd()
    recording.start()
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(name)
    finally:
        recording.stop()
        sys.path.remove(str(folder))
        sys.modules.pop(name, None)
        os.chdir(working)


def sealed_on_head(folder: Path, store: str, name: str, lines: list[str]) -> Seal:
    """The seal of a recorded module at `HEAD`; `lines` takes what is said."""
    setup = Setup(str(folder), "one", store, (name,), "", (), base="HEAD")
    sys.path.insert(0, str(folder))
    try:
        with closing(open_reader(store)) as reader:
            seal = find_oracle(setup, reader, lines.append, always=True).seal
    finally:
        sys.path.remove(str(folder))
    assert seal is not None
    return seal


def said(folder: Path, store: str, name: str) -> list[str]:
    """What is said while base is sealed."""
    lines: list[str] = []
    assert all(one.why.code in (None, "unexplained") for one in traces_of(sealed_on_head(folder, store, name, lines)))
    return lines


def traces_of(seal: Seal) -> list[SealedTrace]:
    """All of them."""
    return [one for name in seal.traces if (one := seal.trace(name)) is not None]


def test_nothing_of_the_users_is_written_through_a_link(ignoring: Repository, tmp_path: Path) -> None:
    """Wherever a link leads, what a replay writes goes elsewhere, and is found there again."""
    ignoring.write("writing.py", textwrap.dedent(WRITING))
    kinds = ("write", "append", "new", "cache", "remove", "rename")
    store = str(tmp_path / "links.baseline")
    with recorded(ignoring.path, store, "writing") as module:
        for kind in kinds:
            module.write(kind)
    ignoring.write("writing.py", textwrap.dedent(WRITING).replace("def write(how):\n    pass\n", WRITES))
    ignoring.commit("it writes")
    state = ignoring.state()
    traces = traces_of(sealed_on_head(ignoring.path, store, "writing", []))
    assert len(traces) == len(kinds)
    assert [one.why.sentence for one in traces if one.why] == []
    shutil.rmtree(ignoring.path / ".runtime" / "seals")
    (ignoring.path / ".runtime" / "seals").mkdir()
    ignoring.write(".runtime/seals/x.seal", "of the user: .runtime/seals/x.seal\n")
    now = ignoring.state()
    assert {name: now[name] for name in state if name != "files"} == {
        name: state[name] for name in state if name != "files"
    }
    assert (ignoring.path / ".env").read_text() == "of the user: .env\n"
    assert sorted(one.name for one in (ignoring.path / "local").iterdir()) == ["data", "keys.txt"]


def test_a_lent_file_that_changes_makes_the_seal_again(ignoring: Repository, tmp_path: Path) -> None:
    """Base read it: what it showed then is not what it would show now."""
    reading = "import pathlib\n\ndef rates():\n    return pathlib.Path('local/data/rates.json').read_text()\n"
    ignoring.write("reading.py", reading)
    ignoring.commit("reading")
    store = str(tmp_path / "lent.baseline")
    with recorded(ignoring.path, store, "reading") as module:
        os.chdir(ignoring.path)
        module.rates()
    assert [line.partition(" ")[0] for line in said(ignoring.path, store, "reading")] == ["sealing"]
    assert said(ignoring.path, store, "reading") == []
    ignoring.write("local/data/rates.json", "others")
    assert [line.partition(" ")[0] for line in said(ignoring.path, store, "reading")] == ["sealing"]
