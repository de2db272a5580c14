"""The recorded world: requests are matched, errors raised again, clock and entropy given per function."""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import sqlite3
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Replayed, Scenario

COURIER = """
import itertools

_numbers = itertools.count(1)

def send(what, amount=0, error=None):
    if error is not None:
        raise error(402, {"what": what})
    return next(_numbers)
"""

GATEWAY = """
    import COURIER as courier

    class Refused(Exception):
        def __init__(self, code, detail):
            super().__init__(code)
            self.detail = detail

    def pay():
        return [courier.send("x"), courier.send("x"), courier.send("x")]
    """

THREE = 'return [courier.send("x"), courier.send("x"), courier.send("x")]'


class Gateway:
    """A service over one declared function, `send` of a module that is not included."""

    def __init__(self, folder: Path, body: str = THREE) -> None:
        name = f"courier_{folder.name}"
        self.courier = folder / f"{name}.py"
        self.courier.write_text(COURIER, encoding="utf-8")
        self.declared = (f"{name}.send",)
        self.scenario = Scenario(folder, {"gateway": GATEWAY.replace("COURIER", name).replace(THREE, body)})
        self.scenario.record(lambda module: module.pay(), boundaries=self.declared)
        sys.modules.pop(name)

    def changed(self, old: str, new: str) -> Replayed:
        """The verdict on a change."""
        return self.scenario.change("gateway", old, new).replay(boundaries=self.declared)


def test_one_request_has_its_answers_in_order(tmp_path: Path) -> None:
    """The same request three times gives the three recorded answers, and performs nothing."""
    gateway = Gateway(tmp_path)
    gateway.courier.write_text("def send(*args): raise RuntimeError('performed')", encoding="utf-8")
    assert gateway.changed("[courier.", "[ courier.").counts == {"same": 1}
    assert gateway.changed("[ courier.", "[0, courier.").fields == {"return[0]": ("(absent)", "0")}


def test_a_call_that_nobody_recorded_is_an_extra_call(tmp_path: Path) -> None:
    """A fourth call stops the trace there: a divergence, and nothing is said of what did not come any more."""
    replayed = Gateway(tmp_path).changed("[", '[courier.send("x"), ')
    assert replayed.counts == {"diverged": 1}
    assert replayed.kinds == {"outbound"}
    assert [field.partition(": ")[2] for field in replayed.fields] == ["extra call"]


def test_a_call_that_does_not_come_is_missing(tmp_path: Path) -> None:
    """One call less is told, besides what follows from it."""
    replayed = Gateway(tmp_path).changed('[courier.send("x"), ', "[")
    assert any(field.endswith("send(): missing call") for field in replayed.fields)


def test_a_changed_request_is_answered_and_its_field_is_reported(tmp_path: Path) -> None:
    """The operation is the same, so the run goes on with the recorded answer; the argument that differs is named."""
    replayed = Gateway(tmp_path, 'return courier.send("x", amount=5) + 10').changed("amount=5", "amount=6")
    [(field, values)] = replayed.fields.items()
    assert field.endswith("send() kwargs.amount")
    assert values == ("5", "6")
    assert replayed.kinds == {"outbound"}


def test_writes_in_another_order_are_reported(tmp_path: Path) -> None:
    """Of one resource, the order of writes counts."""
    gateway = Gateway(tmp_path, 'return courier.send("first"), courier.send("second")')
    replayed = gateway.changed(
        'courier.send("first"), courier.send("second")', 'courier.send("second"), courier.send("first")'
    )
    assert replayed.counts == {"diverged": 1}
    assert any(field.endswith("send(): order") for field in replayed.fields)


def test_an_exception_of_an_included_module_is_raised_again(tmp_path: Path) -> None:
    """A declared boundary's own exception comes back with its class, arguments and attributes; its code is caught."""
    body = """try:
            courier.send("bad", error=Refused)
        except Refused as error:
            return type(error) is Refused, error.args, error.detail"""
    assert Gateway(tmp_path, body).changed("        self.detail = detail", "        self.detail = None").counts == {
        "same": 1
    }


def test_a_function_of_an_included_module_can_be_declared(tmp_path: Path) -> None:
    """A gateway inside the packages under validation stands for the world."""
    source = """
        def send(amount):
            return amount * 2

        def pay():
            return send(3)
        """
    scenario = Scenario(tmp_path, {"shop": source})
    declared = (f"{scenario.unique('shop')}.send",)
    scenario.record(lambda shop: shop.pay(), boundaries=declared)
    assert [exchange.operation for trace in scenario.traces() for exchange in trace.exchanges] == ["send"]
    replayed = scenario.change("shop", "send(3)", "send(4)").replay(boundaries=declared)
    assert replayed.kinds == {"outbound"}


# --- sqlite3 ------------------------------------------------------------------------------------------------------

ORDERS = """
    import sqlite3

    def rows(path):
        connection = sqlite3.connect(path)
        try:
            found = connection.execute("SELECT id, total FROM orders WHERE total > ? ORDER BY id", (10,)).fetchall()
            names = connection.execute("SELECT name FROM customers").fetchall()
            return [found, names]
        finally:
            connection.close()

    def insert(path, number):
        connection = sqlite3.connect(path)
        try:
            connection.execute("INSERT INTO orders VALUES (?, ?)", (number, 5))
            connection.execute("UPDATE customers SET name = ?", ("z",))
            connection.commit()
        except sqlite3.IntegrityError as error:
            return type(error).__name__, str(error)
        finally:
            connection.close()

    def first(path):
        connection = sqlite3.connect(path)
        cursor = connection.execute("SELECT id FROM orders ORDER BY id")
        row = cursor.fetchone()
        connection.close()
        return row
    """


@pytest.fixture
def orders(tmp_path: Path) -> Scenario:
    """A recorded service over a database."""
    import sqlite3

    path = str(tmp_path / "orders.db")
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, total); CREATE TABLE customers (name);"
        "INSERT INTO orders VALUES (1, 20), (2, 30), (3, 5); INSERT INTO customers VALUES ('a');"
    )
    connection.close()

    def traffic(orders: Any) -> None:
        orders.rows(path)
        orders.insert(path, 7)
        orders.insert(path, 1)
        orders.first(path)

    scenario = Scenario(tmp_path, {"ledger": ORDERS}).record(traffic)
    Path(path).unlink()
    return scenario


def test_a_database_is_answered_from_the_recording(orders: Scenario, tmp_path: Path) -> None:
    """Rows and integrity errors replay without the database, and none is made in its place."""
    assert orders.replay().counts == {"same": 4}
    assert not (tmp_path / "orders.db").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "select id,  total\\n  from orders where total > ? order by id",
        "SELECT id, total FROM orders -- newest\\n WHERE total > ? ORDER BY id",
    ],
)
def test_the_layout_of_a_statement_means_nothing(orders: Scenario, sql: str) -> None:
    """White space, case of keywords, comments and what is the default are no change."""
    orders.change("ledger", "SELECT id, total FROM orders WHERE total > ? ORDER BY id", sql)
    assert orders.replay().counts == {"same": 4}


def test_another_statement_on_the_same_table_is_reported_as_changed(orders: Scenario) -> None:
    """A changed condition is answered with the recorded rows and told."""
    replayed = orders.change("ledger", "total > ?", "total >= ?").replay()
    assert replayed.counts == {"same": 3, "diverged": 1}
    assert list(replayed.fields) == ["SELECT orders sql"]


def test_another_parameter_is_reported_by_its_column(orders: Scenario) -> None:
    """A parameter is called by the column beside it."""
    replayed = orders.change("ledger", "(10,)", "(11,)").replay()
    assert replayed.fields == {"SELECT orders parameters.total": ("10", "11")}


def test_another_table_is_another_operation(orders: Scenario) -> None:
    """No recorded rows stand in for those of a table that was not asked."""
    replayed = orders.change("ledger", "SELECT name FROM customers", "SELECT name FROM clients").replay()
    assert replayed.counts == {"same": 3, "diverged": 1}
    assert any(field.startswith("SELECT clients: extra call") for field in replayed.fields)


def test_reads_in_another_order_are_silent(orders: Scenario) -> None:
    """Two reads may be exchanged."""
    orders.change(
        "ledger",
        "        found = connection",
        "        names = connection.execute(SECOND).fetchall()\n        found = connection",
    )
    orders.change("ledger", '        names = connection.execute("SELECT name FROM customers").fetchall()\n', "")
    orders.change("ledger", "import sqlite3", 'import sqlite3\n\nSECOND = "SELECT name FROM customers"')
    assert orders.replay().counts == {"same": 4}


def test_statements_that_write_in_another_order_are_reported(orders: Scenario) -> None:
    """Two writes to one database may not."""
    update = '        connection.execute("UPDATE customers SET name = ?", ("z",))\n'
    orders.change("ledger", update, "")
    orders.change("ledger", '        connection.execute("INSERT', f'{update}        connection.execute("INSERT')
    replayed = orders.replay()
    assert "diverged" in replayed.counts
    assert "INSERT orders: order" in replayed.fields


def test_more_rows_than_were_read_are_not_judged(orders: Scenario) -> None:
    """The recording holds what was fetched; asking for more says nothing about the change."""
    replayed = orders.change("ledger", "cursor.fetchone()", "cursor.fetchall()").replay()
    assert replayed.counts == {"same": 3, "not judged": 1}
    assert "asks for more rows of SELECT orders" in replayed.reasons.pop()


# --- HTTP errors --------------------------------------------------------------------------------------------------

CLIENT = """
    import http.client

    import requests

    def ask(url):
        try:
            return requests.post(url, json={"a": 1}, timeout=0.2).status_code
        except requests.ConnectionError as error:
            return "unreachable", type(error).__name__
        except requests.Timeout as error:
            return "late", type(error).__name__

    def plain(port):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        except ConnectionRefusedError as error:
            return "refused", error.errno
    """


def test_errors_of_a_connection_are_raised_again(tmp_path: Path) -> None:
    """A refused connection and a timeout take the same `except` on replay, where nobody listens either."""
    with socket.socket() as silent, socket.socket() as free:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        free.bind(("127.0.0.1", 0))
        ports = silent.getsockname()[1], free.getsockname()[1]

        def traffic(client: Any) -> None:
            assert client.ask(f"http://127.0.0.1:{ports[0]}/")[0] == "late"
            free.close()
            assert client.ask(f"http://127.0.0.1:{ports[1]}/")[0] == "unreachable"
            assert client.plain(ports[1])[0] == "refused"

        scenario = Scenario(tmp_path, {"client": CLIENT}).record(traffic)
    assert scenario.replay().counts == {"same": 3}
    replayed = scenario.change("client", '"a": 1', '"a": 2').replay()
    # Where the connection was refused, no body was sent that could have been recorded.
    assert replayed.counts == {"same": 2, "diverged": 1}
    assert [field.partition(" json")[2] for field in replayed.fields] == [".a"]


# --- clock and entropy --------------------------------------------------------------------------------------------

CLOCK = """
    import logging
    import random
    import time
    import uuid

    log = logging.getLogger(__name__)

    def identifier():
        return uuid.uuid4().hex

    def stamp():
        return time.time()

    def checked(order):
        return order

    def create(order):
        order = checked(order)
        return {"order": order, "id": identifier(), "at": stamp(), "lucky": random.choice(range(10**9))}
    """


@pytest.fixture
def clock(tmp_path: Path) -> Scenario:
    """A recorded service that reads the clock and draws."""
    return Scenario(tmp_path, {"clock": CLOCK}).record(lambda module: module.create("x"))


def test_the_clock_stands_still(clock: Scenario) -> None:
    """More readings than were recorded show one moment."""
    replayed = clock.change("clock", "return time.time()", "return time.time(), time.time() - time.time()").replay()
    assert replayed.fields["return.at"][1].endswith(", 0.0)")


def test_the_clock_moves_when_the_program_sleeps(clock: Scenario) -> None:
    """Sleeping takes no time, and shows on the clock."""
    body = "first = time.time()\n        time.sleep(3600)\n        return first, round(time.time() - first)"
    replayed = clock.change("clock", "return time.time()", body.replace("        ", "    ")).replay()
    assert replayed.fields["return.at"][1].endswith(", 3600)")


def test_log_lines_shift_nothing(clock: Scenario) -> None:
    """A log record reads the clock too; that is its own reading."""
    clock.change("clock", "return order\n", 'log.warning("checked")\n    return order\n')
    clock.change("clock", "return time.time()", 'log.warning("stamp")\n    return time.time()')
    assert clock.replay().counts == {"same": 1}


@pytest.mark.parametrize(
    "draw", ["uuid.uuid4()", "time.time()", "random.choice(range(10**9))", "[uuid.uuid4() for _ in range(3)]"]
)
def test_a_reading_in_another_function_shifts_nothing(clock: Scenario, draw: str) -> None:
    """A function that ran before and begins to draw does not take what another one drew."""
    assert clock.change("clock", "return order\n", f"{draw}\n    return order\n").replay().counts == {"same": 1}


def test_a_reading_in_a_new_function_shifts_nothing(clock: Scenario) -> None:
    """A new helper that draws before an old function draws leaves the old one its own."""
    clock.change(
        "clock",
        "def checked(order):\n",
        "def traced():\n    return uuid.uuid4(), time.time()\n\ndef checked(order):\n    traced()\n",
    )
    assert clock.replay().counts == {"same": 1}


def test_a_renamed_function_reads_what_its_predecessor_read(clock: Scenario) -> None:
    """Renaming is silent."""
    clock.change("clock", "def identifier():", "def new_id():").change("clock", '"id": identifier()', '"id": new_id()')
    clock.change("clock", "def stamp():", "def now():").change("clock", '"at": stamp()', '"at": now()')
    assert clock.replay().counts == {"same": 1}


def test_an_extracted_function_reads_what_was_read_in_line(clock: Scenario) -> None:
    """Extracting is silent."""
    clock.change("clock", '"lucky": random.choice(range(10**9))', '"lucky": _luck()')
    clock.change(
        "clock", "def create(order):", "def _luck():\n    return random.choice(range(10**9))\n\ndef create(order):"
    )
    assert clock.replay().counts == {"same": 1}


def test_an_inlined_function_is_silent(clock: Scenario) -> None:
    """What a helper read is read by its caller, where the helper is gone."""
    clock.change("clock", "def identifier():\n    return uuid.uuid4().hex\n", "")
    clock.change("clock", "identifier()", "uuid.uuid4().hex")
    clock.change("clock", "def stamp():\n    return time.time()\n", "").change("clock", "stamp()", "time.time()")
    assert clock.replay().counts == {"same": 1}


def test_draws_without_a_recording_are_the_same_in_every_run(clock: Scenario) -> None:
    """What is unrecorded is drawn from the trace's own seed: two runs report the same values."""
    clock.change("clock", '"order": order', '"order": [order, uuid.uuid4().hex, random.random()]')
    first, second = clock.replay(), clock.replay()
    assert first.fields["return.order"] == second.fields["return.order"]


# --- environment --------------------------------------------------------------------------------------------------

SETTINGS = """
    import os

    def region():
        return os.environ["RUNTIME_TEST_REGION"], os.environ.get("RUNTIME_TEST_ABSENT", "none")

    def names():
        return "RUNTIME_TEST_REGION" in os.environ, sum(name.startswith("RUNTIME_TEST") for name in os.environ)
    """


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """A recorded service that reads variables, which are then gone."""
    monkeypatch.setenv("RUNTIME_TEST_REGION", "north")
    monkeypatch.setenv("RUNTIME_TEST_UNREAD", "x")

    def traffic(module: Any) -> None:
        module.region()
        module.names()

    scenario = Scenario(tmp_path, {"settings": SETTINGS}).record(traffic)
    monkeypatch.setenv("RUNTIME_TEST_REGION", "south")
    monkeypatch.setenv("RUNTIME_TEST_ABSENT", "set")
    return scenario


def test_variables_are_those_of_the_recording(settings: Scenario) -> None:
    """What was set and what was not, whatever this process has."""
    assert settings.replay().counts == {"same": 2}
    assert os.environ["RUNTIME_TEST_REGION"] == "south"


def test_a_variable_that_nobody_read_is_not_judged(settings: Scenario) -> None:
    """Whether it was set is not known; the reason names it."""
    replayed = settings.change("settings", '["RUNTIME_TEST_REGION"]', '["RUNTIME_TEST_UNREAD"]').replay()
    assert replayed.counts == {"same": 1, "not judged": 1}
    assert "RUNTIME_TEST_UNREAD" in replayed.reasons.pop()


def test_a_variable_that_is_known_to_be_absent_is_absent(settings: Scenario) -> None:
    """Where the names of all variables were recorded, one that is not among them raises KeyError."""
    settings.change(
        "settings", "def names():\n    return", 'def names():\n    return os.environ.get("RUNTIME_NEVER_SET", "no"),'
    )
    replayed = settings.replay()
    assert replayed.counts == {"same": 1, "diverged": 1}
    assert replayed.fields["return[0]"] == ("(absent)", "'no'")


def test_a_new_variable_with_a_default_goes_on(settings: Scenario) -> None:
    """No trace looked at all names: the recorder kept those that were set, and this one was not."""
    settings.change("settings", "def region():\n", 'def region():\n    os.environ.get("RUNTIME_NEW_FLAG", "off")\n')
    assert settings.judge().counts == {"same": 1}
    assert settings.replay().counts == {"same": 2}


def test_a_new_variable_that_was_set_says_what_to_do(settings: Scenario) -> None:
    """Its value was not kept, and the reason says how to have it."""
    settings.change("settings", "def region():\n", 'def region():\n    os.getenv("RUNTIME_TEST_UNREAD")\n')
    replayed = settings.judge()
    assert replayed.counts == {"not judged": 1}
    reason = replayed.reasons.pop()
    assert "RUNTIME_TEST_UNREAD was not read when this trace was recorded: it was set" in reason
    assert "record again with code that reads it" in reason


def test_only_names_of_variables_are_kept(settings: Scenario) -> None:
    """No value of a variable that nobody read lies in the store."""
    reader = open_reader(settings.store)
    [revision] = reader.revisions().values()
    reader.close()
    assert revision.names is not None
    assert "RUNTIME_TEST_UNREAD" in revision.names
    assert "RUNTIME_TEST_ABSENT" not in revision.names
    assert os.environ["PATH"].encode() not in Path(settings.store).read_bytes()


MOVED = """
    import os

    MODE = os.environ.get("RUNTIME_TEST_REGION", "none")

    def mode():
        return MODE
    """


def test_a_setting_that_was_read_at_import_is_known_to_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading it later is no difference."""
    monkeypatch.setenv("RUNTIME_TEST_REGION", "north")
    scenario = Scenario(tmp_path, {"settings": MOVED}).record(lambda module: module.mode())
    monkeypatch.delenv("RUNTIME_TEST_REGION")
    scenario.change("settings", "return MODE", 'return os.environ.get("RUNTIME_TEST_REGION", "none")')
    assert scenario.judge().counts == {"same": 1}


READING = """
    import logging, random, time, uuid

    def total(items):
        return sum(items)

    def stamped(items):
        return {"at": time.time(), "id": uuid.uuid4().hex, "total": sum(items)}
    """


NODES = """
    import uuid

    NODE = None

    def node():
        global NODE
        if NODE is None:
            NODE = uuid.uuid4()
        return NODE

    def identifier():
        node()
        return uuid.uuid4().hex
    """


def test_what_a_library_draws_once_takes_nothing_from_what_it_draws_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorded process had drawn the number of its node before; each replay draws it again."""
    library, project = tmp_path / "library", tmp_path / "project"
    library.mkdir()
    project.mkdir()
    (library / "nodes_of_a_library.py").write_text(textwrap.dedent(NODES))
    monkeypatch.syspath_prepend(str(library))
    importlib.import_module("nodes_of_a_library").node()
    source = """
        import subprocess
        import nodes_of_a_library

        def sent():
            return [subprocess.run(["true", nodes_of_a_library.identifier()]).returncode for _ in range(3)]
        """
    scenario = Scenario(project, {"shop": source}).record(lambda shop: shop.sent())
    replayed = scenario.judge(everything=True)
    assert (replayed.reasons, replayed.counts) == (set(), {"same": 1})
    del sys.modules["nodes_of_a_library"]


@pytest.mark.parametrize(
    "more", ["time.time()", "random.random()", "uuid.uuid4()", "time.monotonic(), random.choice([1, 2])"]
)
def test_a_new_reading_of_clock_or_chance_is_no_difference(tmp_path: Path, more: str) -> None:
    """The clock stands, chance is drawn from a seed; what is compared stays the same."""

    def traffic(module: Any) -> None:
        module.total([1, 2])
        module.stamped([1, 2])

    scenario = Scenario(tmp_path, {"shop": READING}).record(traffic)
    scenario.change("shop", "def total(items):\n", f"def total(items):\n    str(({more}))\n")
    scenario.change("shop", "def stamped(items):\n", f"def stamped(items):\n    began = ({more})\n")
    assert scenario.judge().counts == {"same": 2}


def test_a_setting_that_nobody_knows_of_is_not_judged(settings: Scenario) -> None:
    """A baseline of an earlier version does not say which variables were set."""
    with contextlib.closing(sqlite3.connect(settings.store)) as db:
        db.execute("DROP TABLE variable_name")
        db.commit()
    settings.change("settings", "def region():\n", 'def region():\n    os.environ.get("RUNTIME_NEW_FLAG", "off")\n')
    replayed = settings.judge()
    assert replayed.counts == {"not judged": 1}
    assert "does not say whether it was set" in replayed.reasons.pop()


def test_a_variable_that_is_set_but_unread_is_not_judged(settings: Scenario) -> None:
    """Its name is recorded, its value is not."""
    settings.change(
        "settings", "def names():\n    return", 'def names():\n    return os.environ.get("RUNTIME_TEST_UNREAD", "no"),'
    )
    replayed = settings.replay()
    assert replayed.counts == {"same": 1, "not judged": 1}
    assert "RUNTIME_TEST_UNREAD" in replayed.reasons.pop()


def test_a_variable_that_the_program_sets_is_its_own(settings: Scenario) -> None:
    """Setting one is seen by what follows in the trace, and by nothing else."""
    settings.change("settings", "def region():\n", 'def region():\n    os.environ["RUNTIME_TEST_REGION"] = "west"\n')
    replayed = settings.replay()
    assert replayed.fields == {"return[0]": ("'north'", "'west'")}
    assert os.environ["RUNTIME_TEST_REGION"] == "south"
