"""The trading example: its service keeps its promises, and its changes do what their headers say.

No recorder here. What a change does is seen by sending one set of requests to the service with and without it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("flask")
requests = pytest.importorskip("requests")

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "trading"
FILES = {"demonstration": EXAMPLE.parent / "demonstration.py"}
"""Scripts that the examples share."""

DIFFS = sorted((EXAMPLE / "changes").glob("*.diff"))
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# What differs between any two runs: ids, references and times.
VOLATILE = (
    (UUID, "<id>"),
    (re.compile(r"\b[2-9A-HJ-NP-Z]{10}\b"), "<reference>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00"), "<time>"),
)


def load(name: str) -> Any:
    """A script of the example, which is not in a package."""
    spec = importlib.util.spec_from_file_location(f"trading_example_{name}", FILES.get(name, EXAMPLE / f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def no_compiled_files() -> Iterator[None]:
    """Many versions of one file come and go within a second: Python must not take one for another."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    yield
    sys.dont_write_bytecode = before


@pytest.fixture(scope="module")
def demo() -> Any:
    """The demo, of which only the parts that read are used here."""
    return load("demonstration")


@dataclass
class FraudService:
    """The example's fraud service on a free port, and the bodies it was sent."""

    url: str
    received: list[str]


@pytest.fixture(scope="module")
def fraud() -> Iterator[FraudService]:
    """The real fraud service, served by a thread."""
    module = load("fraud_service")
    decide = module.answer

    received: list[str] = []

    def answer(body: bytes) -> Any:
        received.append(body.decode())
        return decide(body)

    module.answer = answer
    with module.FraudServer() as server:
        service = FraudService(server.url, received)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield service
        server.shutdown()
        thread.join()


@contextmanager
def imported(folder: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Modules of the package `trading` that lies in `folder`, whichever was imported before."""

    def forget() -> dict[str, ModuleType]:
        names = [name for name in sys.modules if name.split(".")[0] == "trading"]
        return {name: sys.modules.pop(name) for name in names}

    before = forget()
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(folder))
        forget()
        sys.modules.update(before)


@dataclass
class Service:
    """One version of the service over a fresh database, and the SQL that it sent."""

    module: Callable[[str], ModuleType]
    client: Any
    database: Path
    statements: list[str]

    def trade(self, user: str = "alice", symbol: str = "ACME", quantity: object = 1, **more: object) -> Any:
        """The answer to one order, a purchase unless `more` says otherwise."""
        fields = {"user": user, "symbol": symbol, "side": "buy", "quantity": quantity, **more}
        return self.client.post("/trades", json=fields)

    def upload(self, data: bytes) -> Any:
        """The answer to an uploaded file."""
        return self.client.post("/orders/upload", data={"file": (BytesIO(data), "orders.csv")})

    def balance(self, user: str) -> Decimal:
        """The user's cash, as the portfolio states it."""
        return Decimal(self.client.get(f"/portfolio/{user}").json["balance"])


@contextmanager
def running(folder: Path, database: Path, fraud: FraudService) -> Iterator[Service]:
    """The version of the service that lies in `folder`, over a seeded database."""
    with imported(folder) as module:
        web: Any = module("trading.web")
        connect = web.connect
        statements: list[str] = []

        def observed(name: str) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(name)
            # Nothing here outlives a crash, and waiting for the disk is most of what these tests would do.
            connection.execute("PRAGMA synchronous = OFF")
            connection.set_trace_callback(statements.append)
            return connection

        with closing(connect(str(database))) as connection:
            module("trading.seed").seed(connection)
        web.connect = observed
        app = web.create_app(module("trading.config").Settings(str(database), fraud.url))
        with app.test_client() as client:
            yield Service(module, client, database, statements)


@pytest.fixture
def service(tmp_path: Path, fraud: FraudService) -> Iterator[Service]:
    """The service as it stands in the repository."""
    fraud.received.clear()
    with running(EXAMPLE, tmp_path / "trading.db", fraud) as service:
        yield service


def test_a_trade_is_priced_cleared_and_booked(service: Service, fraud: FraudService) -> None:
    """POST /trades answers the booked trade, with the fee of the user's tier, and takes the total off the balance."""
    response = service.trade("bob", "ACME", 7)
    body = response.json
    assert response.status_code == 201
    assert UUID.fullmatch(body["id"])
    assert response.headers["Location"] == f"/trades/{body['id']}/confirmation"
    # 707.875 is rounded up, and 0.1 % of it is the silver fee.
    assert (body["price"], body["fee"], body["total"]) == ("101.1250", "0.71", "708.59")
    assert (body["high_value"], body["status"]) == (False, "executed")
    assert service.balance("bob") == Decimal("20000000.00") - Decimal("708.59")
    assert [text for text in fraud.received if body["id"] in text and '"high_value": false' in text]


@pytest.mark.parametrize(("quantity", "high_value"), [(98, False), (99, True)])
def test_more_than_ten_thousand_is_a_high_value(
    service: Service, fraud: FraudService, quantity: int, high_value: bool
) -> None:
    """The caller and the fraud service are told whether the total, with the fee, is above 10,000."""
    assert service.trade("alice", "ACME", quantity).json["high_value"] is high_value
    assert f'"high_value": {str(high_value).lower()}' in fraud.received[-1]


def test_a_trade_under_review_is_accepted(service: Service) -> None:
    """A review by the fraud service answers 202, and the portfolio and the confirmation say so."""
    response = service.trade("wendy", "HOLI", 9)
    assert (response.status_code, response.json["status"]) == (202, "pending_review")
    assert service.client.get("/portfolio/wendy").json["under_review"] == 1
    assert "under review" in service.client.get(response.headers["Location"]).text


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"user": "trudy"}, 403, "fraud_declined"),
        ({"user": "nobody"}, 404, "not_found"),
        ({"symbol": "NOPE"}, 404, "not_found"),
        ({"user": "erin"}, 409, "insufficient_funds"),
        ({"side": "sell"}, 409, "insufficient_position"),
        ({"limit_price": "99"}, 409, "limit_not_reached"),
        ({"symbol": "SUSP"}, 422, "symbol_suspended"),
        ({"quantity": 0}, 422, "invalid"),
        ({"quantity": True}, 422, "invalid"),
        ({"side": "hold"}, 422, "invalid"),
        ({"limit_price": "NaN"}, 422, "invalid"),
        ({"client_order_id": "x" * 65}, 422, "invalid"),
        ({"symbol": "OLDX"}, 500, "internal_server_error"),
        ({"user": "mallory"}, 502, "fraud_unavailable"),
        ({"user": "gary"}, 502, "fraud_unavailable"),
    ],
)
def test_a_refused_trade_says_why(service: Service, order: dict[str, object], status: int, code: str) -> None:
    """Every refusal has its status and a stable code, as JSON, and books nothing."""
    response = service.trade(**order)  # type: ignore[arg-type]  # wrong types are what some of these are about
    assert (response.status_code, response.json["error"]) == (status, code)
    assert service.client.get("/trades").json["trades"] == []


def test_a_fraud_service_that_is_away_is_a_bad_gateway(service: Service) -> None:
    """A connection that is refused answers 502, like an answer that cannot be used."""
    settings = service.module("trading.config").Settings
    service.client.application.config["TRADING"] = settings(str(service.database), "http://127.0.0.1:1")
    assert service.trade().status_code == 502


def test_a_client_order_id_is_used_once(service: Service) -> None:
    """The second order with one id answers 409, also when both have passed the first check at the same time."""
    assert service.trade(client_order_id="a-1").status_code == 201
    assert service.trade(client_order_id="a-1").json["error"] == "duplicate_order"
    repository: Any = service.module("trading.repository")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repository.Repository, "has_client_order", lambda *_: False)
        assert service.trade(client_order_id="a-1").status_code == 409


def test_cash_and_trade_are_booked_together(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the trade cannot be inserted, the balance stays as it was."""
    monkeypatch.setattr(service.module("trading.execution"), "new_reference", lambda: "SAMETWICE2")
    assert service.trade().status_code == 201
    before = service.balance("alice")
    assert service.trade().status_code == 500
    assert service.balance("alice") == before


def test_trades_are_listed_by_the_hundred(service: Service) -> None:
    """GET /trades answers 100 trades, oldest first, and names the next page while there is one."""
    rows = "".join(f"alice,UMBR,buy,{number}\n" for number in range(1, 103))
    assert service.upload(b"user,symbol,side,quantity\n" + rows.encode()).json["accepted"] == 102
    first = service.client.get("/trades").json
    second = service.client.get("/trades?page=2").json
    assert [trade["quantity"] for trade in first["trades"]] == list(range(1, 101))
    assert [trade["quantity"] for trade in second["trades"]] == [101, 102]
    assert (first["next_page"], second["next_page"]) == (2, None)
    assert service.client.get("/trades?page=0").status_code == 422


def test_a_portfolio_sums_up_the_trades(service: Service) -> None:
    """GET /portfolio/<user> answers open positions by symbol; one that was sold off is not listed."""
    for symbol, quantity in (("UMBR", 4), ("ACME", 3), ("GLBX", 2)):
        service.trade("carol", symbol, quantity)
    service.trade("carol", "ACME", 1, side="sell")
    service.trade("carol", "GLBX", 2, side="sell")
    body = service.client.get("/portfolio/carol").json
    assert [(position["symbol"], position["quantity"]) for position in body["positions"]] == [("ACME", 2), ("UMBR", 4)]
    assert service.client.get("/portfolio/nobody").status_code == 404


def test_an_upload_answers_for_every_line(service: Service) -> None:
    """POST /orders/upload executes each line by itself; a file that cannot be read answers 422."""
    body = service.upload(b"user,symbol,side,quantity\nalice,ACME,buy,1\nalice,NOPE,buy,1\nbob,GLBX,buy,2\n").json
    assert (body["accepted"], body["rejected"]) == (2, 1)
    assert [(result["line"], result["status"]) for result in body["results"]] == [(1, 201), (2, 404), (3, 201)]
    assert service.upload(b"user,symbol\n").status_code == 422
    assert service.upload(b"\xff\xfe").status_code == 422
    assert service.client.post("/orders/upload").status_code == 422


def test_a_reference_leads_to_the_confirmation(service: Service) -> None:
    """GET /t/<reference> redirects to the confirmation, an HTML page; unknown ones answer 404."""
    trade = service.trade("alice", "HOLI", 10, client_order_id="<b>1</b>").json
    redirect = service.client.get(f"/t/{trade['reference'].lower()}")
    assert (redirect.status_code, redirect.headers["Location"]) == (302, f"/trades/{trade['id']}/confirmation")
    page = service.client.get(redirect.headers["Location"])
    assert page.mimetype == "text/html"
    assert "Alice Archer" in page.text
    assert "&lt;b&gt;1&lt;/b&gt;" in page.text
    assert service.client.get("/t/NOSUCHREF1").status_code == 404
    assert service.client.get("/trades/nothing/confirmation").status_code == 404


def test_the_export_is_a_streamed_csv(service: Service) -> None:
    """GET /export streams all trades, or one user's, as a CSV file to download."""
    service.trade("alice")
    service.trade("bob")
    response = service.client.get("/export?user=bob")
    assert response.is_streamed
    assert response.headers["Content-Disposition"] == 'attachment; filename="trades-bob.csv"'
    assert [line.split(",")[3] for line in response.text.splitlines()] == ["user", "bob"]
    assert len(service.client.get("/export").text.splitlines()) == 3
    assert service.client.get("/export?user=nobody").status_code == 404


def test_the_traffic_sees_every_status(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's traffic is at least 600 requests, brings about every status it promises, and fills several pages."""
    traffic = load("traffic")

    class InProcess(traffic.Client):  # type: ignore[misc,name-defined]  # loaded from a file, so of type Any
        def send_all(self, calls: list[Any]) -> list[Any]:
            return [self.send(call) for call in calls]

        def send(self, call: Any) -> Any:
            if call.file is not None:
                return traffic.Reply(service.upload(call.file).status_code)
            response = service.client.open(call.path, method=call.method, json=call.json)
            body = response.json if response.is_json else {}
            reply = traffic.Reply(response.status_code, body.get("id"), body.get("reference"))
            response.close()
            return reply

    def assess(_client: Any, body: dict[str, object]) -> Any:
        """The fraud service's answer without the network, which is most of the time that this many requests take."""
        response = requests.Response()
        response.status_code, _, response._content = answer(json.dumps(body).encode())
        return response

    answer = load("fraud_service").answer
    monkeypatch.setattr(service.module("trading.fraud").FraudClient, "_post", assess)
    traffic.Client = InProcess
    summary = traffic.run("")
    assert summary.missing == []
    assert summary.statuses.total() >= 600
    assert len(service.client.get("/trades?page=4").json["trades"]) > 0


def patched(diff: Path, tmp_path: Path, demo: Any) -> Path:
    """A copy of the package with `diff` applied."""
    folder = tmp_path / "changed"
    shutil.copytree(EXAMPLE / "trading", folder / "trading", ignore=shutil.ignore_patterns("__pycache__"))
    demo.git(folder, "apply", "-p1", str(diff))
    return folder


def observe(folder: Path, database: Path, fraud: FraudService) -> list[str]:
    """All that callers, the fraud service and the database see of one set of requests, less what is volatile."""
    fraud.received.clear()
    seen: list[str] = []
    with running(folder, database, fraud) as service:

        def note(response: Any) -> Any:
            seen.append(f"{response.status_code} {sorted(response.headers.items())} {response.text}")
            response.close()
            return response

        for user, symbol, quantity in (
            ("alice", "ACME", 99),
            ("bob", "ACME", 7),
            ("carol", "HOLI", 41),
            ("dave", "ACME", 20),
            ("wendy", "HOLI", 9),
            ("erin", "HOLI", 9),
            ("trudy", "GLBX", 1),
            ("mallory", "GLBX", 1),
            ("alice", "SUSP", 1),
            ("alice", "OLDX", 1),
        ):
            note(service.trade(user, symbol, quantity))
        note(service.trade("bob", "ACME", 2, side="sell"))
        note(service.trade("bob", "GLBX", 2, side="sell"))
        for limit in ("27", "28"):
            note(service.trade("bob", "GLBX", 2, limit_price=limit))
        for _ in range(2):
            note(service.trade("bob", "GLBX", 2, client_order_id="b-1"))
        note(service.upload(b"user,symbol,side,quantity\n" + b"alice,UMBR,buy,3\n" * 14 + b"alice,UMBR,buy,none\n"))
        for path in ("/trades", "/trades?page=2", "/portfolio/bob", "/export", "/export?user=bob", "/t/NOSUCHREF2"):
            note(service.client.get(path))
        with closing(sqlite3.connect(database)) as connection:
            booked = connection.execute("SELECT id, reference FROM trades ORDER BY executed_at LIMIT 3").fetchall()
        for trade_id, reference in booked:
            note(service.client.get(f"/t/{reference}"))
            note(service.client.get(f"/trades/{trade_id}/confirmation"))
        seen += fraud.received
        seen += [re.sub(r"\s+", " ", re.sub(r"(?<=\()\s+|\s+(?=\))", "", text)).strip() for text in service.statements]
    return [stable(text) for text in seen]


def stable(text: str) -> str:
    """`text` without what differs between any two runs."""
    for pattern, name in VOLATILE:
        text = pattern.sub(name, text)
    return text


@pytest.fixture(scope="module")
def unchanged(fraud: FraudService, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is seen of the service as it stands in the repository."""
    return observe(EXAMPLE, tmp_path_factory.mktemp("unchanged") / "trading.db", fraud)


def test_the_unchanged_service_is_seen_the_same(unchanged: list[str], fraud: FraudService, tmp_path: Path) -> None:
    """Two runs of one version show no difference: what the tests below see comes from the change."""
    assert observe(EXAMPLE, tmp_path / "trading.db", fraud) == unchanged


@pytest.mark.parametrize("diff", DIFFS, ids=lambda diff: diff.stem)
def test_a_change_does_what_its_header_says(
    diff: Path, unchanged: list[str], fraud: FraudService, demo: Any, tmp_path: Path
) -> None:
    """Each diff applies; a breaking one is seen from outside and names the function that causes it, others are not."""
    change = demo.read_change(diff)
    assert diff.stem.startswith(("breaking-", "harmless-"))
    assert change.expected == demo.VERDICT_EXPECTED[diff.stem.split("-")[0]]
    assert change.intent
    folder = patched(diff, tmp_path, demo)
    same = observe(folder, tmp_path / "trading.db", fraud) == unchanged
    assert same == (change.expected == demo.SAME)
    assert (change.cause is None) == same
    if change.cause is not None:
        before, after = (functions_of(root / change.cause.file) for root in (EXAMPLE, folder))
        if change.cause.function:
            assert change.cause.function in after
        else:  # outside of functions: a constant is a place of its own
            assert before == after


def functions_of(file: Path) -> dict[str, str]:
    """The functions of a module by name, each as the text of its tree, so that layout and line numbers do not count."""
    nodes = ast.walk(ast.parse(file.read_text()))
    return {node.name: ast.dump(node) for node in nodes if isinstance(node, ast.FunctionDef)}


def test_there_are_enough_changes(demo: Any) -> None:
    """The demo finds at least eight breaking and six harmless changes, and the unchanged code before them."""
    changes = demo.read_changes(EXAMPLE, [])
    assert changes[0] is demo.UNCHANGED
    assert sum(change.expected == demo.DIVERGED for change in changes) >= 8
    assert sum(change.expected == demo.SAME for change in changes[1:]) >= 6


@pytest.mark.parametrize(
    ("counts", "exit_code", "verdict"),
    [
        ({"same": 3, "diverged": 0, "not_judged": 0, "error": 0}, 0, "same"),
        ({"same": 3, "diverged": 1, "not_judged": 1, "error": 1}, 1, "diverged"),
        ({"same": 3, "diverged": 0, "not_judged": 1, "error": 0}, 1, "not judged"),
        ({"same": 0, "diverged": 0, "not_judged": 0, "error": 0}, 1, "not judged"),
        ({"same": 3, "diverged": 0, "not_judged": 1, "error": 1}, 1, "error"),
        ({"same": 3, "diverged": 0, "not_judged": 0, "error": 0}, 1, "error"),
        ({"same": 3, "diverged": 1, "not_judged": 0, "error": 0}, 0, "error"),
    ],
)
def test_the_demo_reads_a_report(
    demo: Any, tmp_path: Path, counts: dict[str, int], exit_code: int, verdict: str
) -> None:
    """The demo's verdict is never better than the report, and an exit code that contradicts the report is an error."""
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"format": 1, "counts": counts, "divergences": [], "not_judged": []}))
    assert demo.read_result(report, exit_code).verdict == verdict
    assert demo.read_result(tmp_path / "none.json", 1).verdict == "error"


def test_a_row_needs_the_right_place(demo: Any) -> None:
    """A breaking change that was found somewhere else than at its cause is not as expected."""
    here, elsewhere = demo.Location("trading/fraud.py", "_post"), demo.Location("trading/web.py", "export")
    change = demo.Change("a", demo.DIVERGED, cause=here)
    found = demo.Location("trading/fraud.py", "FraudClient._post", 77, "attempt in range(2)")
    assert demo.Row(change, demo.Result(demo.DIVERGED, found)).as_expected
    assert not demo.Row(change, demo.Result(demo.DIVERGED, elsewhere)).as_expected
    assert not demo.Row(change, demo.Result(demo.DIVERGED)).as_expected
    assert not demo.Row(change, demo.Result(demo.SAME)).as_expected
