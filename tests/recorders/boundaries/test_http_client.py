"""The HTTP boundary: exchanges over http.client, urllib, urllib3 and requests are recorded and pass unchanged."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import http.server
import json
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries import http_client
from pytest_runtime.recorders.boundaries.live_world import LiveWorld, RawExchange
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.context import Scope, within
from pytest_runtime.recorders.model.value_tree import BytesNode, field
from pytest_runtime.testing import Scenario

requests = pytest.importorskip("requests")
urllib3 = pytest.importorskip("urllib3")

LARGE = bytes(range(256)) * 1024


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as its path says."""

    protocol_version = "HTTP/1.1"
    connections: set[Any]

    def setup(self) -> None:
        """Count connections."""
        super().setup()
        self.server.connections.append(self.client_address)  # type: ignore[attr-defined]  # of the server below

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        """By path."""
        match self.path:
            case "/large":
                self._send(LARGE)
            case "/empty":
                self._send(b"", 204)
            case "/gzip":
                self._send(gzip.compress(b"pressed " * 100, mtime=0), Content_Encoding="gzip")
            case "/missing":
                self._send(b'{"error": "missing"}', 404)
            case "/moved":
                self._send(b"", 302, Location="/json")
            case "/chunked":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for chunk in (b"one ", b"two ", b"three"):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.write(b"0\r\n\r\n")
            case "/slow":
                self.server.released.wait(5)  # type: ignore[attr-defined]  # of the server below
                self.close_connection = True
            case "/reset":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"half")
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
            case _:
                self._send(json.dumps({"path": self.path}).encode(), Content_Type="application/json")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Echo."""
        self._send(self.rfile.read(int(self.headers["Content-Length"] or 0)), 201, X_Echo="yes")

    do_PUT = do_POST


class Server(http.server.ThreadingHTTPServer):
    """A server on a free port."""

    daemon_threads = True

    def __init__(self) -> None:
        self.connections: list[Any] = []
        self.released = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that were cut on purpose."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The server."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.released.set()
        running.shutdown()
        thread.join()


class Traced:
    """The trace that requests belong to."""

    def __init__(self) -> None:
        self.world = LiveWorld(lambda file: file == __file__)

    @property
    def exchanges(self) -> list[RawExchange]:
        """What was recorded."""
        return self.world.exchanges

    def one(self) -> RawExchange:
        """The only exchange."""
        (exchange,) = self.exchanges
        return exchange

    def request(self, name: str) -> Any:
        """A part of the only request."""
        return field(thaw(self.one().request), name)

    @property
    def bytes(self) -> bytes:
        """What came over the socket in the last exchange."""
        return b"".join(self.exchanges[-1].items)


@pytest.fixture
def traced() -> Iterator[Traced]:
    """A trace, with the boundary in place; afterwards every method of the connection class is as it was."""
    before = dict(vars(http.client.HTTPConnection))
    undo = http_client.install()
    found = Traced()
    with within(Scope(found.world)):
        yield found
    undo()
    assert dict(vars(http.client.HTTPConnection)) == before


def by_http_client(url: str) -> tuple[int, bytes]:
    """GET with http.client."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=2)
    with contextlib.closing(connection):
        connection.request("GET", f"/{path}")
        response = connection.getresponse()
        return response.status, response.read()


def by_urllib(url: str) -> tuple[int, bytes]:
    """GET with urllib."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def by_urllib3(url: str) -> tuple[int, bytes]:
    """GET with urllib3."""
    with urllib3.PoolManager() as pool:
        response = pool.request("GET", url, timeout=2, retries=False, redirect=False)
        return response.status, response.data


def by_requests(url: str) -> tuple[int, bytes]:
    """GET with requests."""
    response = requests.get(url, timeout=2, allow_redirects=False)
    return response.status_code, response.content


CLIENTS = [by_http_client, by_urllib, by_urllib3, by_requests]


@pytest.mark.parametrize("get", CLIENTS)
@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/json?q=1", 200, b'{"path": "/json?q=1"}'),
        ("/missing", 404, b'{"error": "missing"}'),
        ("/chunked", 200, b"one two three"),
        ("/empty", 204, b""),
        ("/large", 200, LARGE),
    ],
)
def test_answers_pass_unchanged(traced: Traced, server: Server, get: Any, path: str, status: int, body: bytes) -> None:
    """Each client gets what the server sent, and the trace holds one exchange with the raw bytes of the response."""
    assert get(server.url + path) == (status, body)
    exchange = traced.one()
    assert exchange.operation == ("http", "GET", server.url, "read")
    assert traced.request("url") == server.url + path
    assert traced.bytes.startswith(b"HTTP/1.1 %d" % status)
    assert traced.bytes.endswith(body if path != "/chunked" else b"5\r\nthree\r\n0\r\n\r\n")
    assert exchange.site is not None
    assert exchange.site[0].co_name == get.__name__


@pytest.mark.parametrize("get", CLIENTS)
def test_outside_a_trace_nothing_is_recorded(traced: Traced, server: Server, get: Any) -> None:
    """Without a trace the same request works, and is not recorded."""
    with within(None):
        assert get(f"{server.url}/json") == (200, b'{"path": "/json"}')
    assert traced.exchanges == []


def test_compressed_answers(traced: Traced, server: Server) -> None:
    """A library that decompresses still does; the trace holds what came over the wire."""
    assert requests.get(f"{server.url}/gzip", timeout=2).text == "pressed " * 100
    assert traced.bytes.endswith(gzip.compress(b"pressed " * 100, mtime=0))


def test_posting(traced: Traced, server: Server) -> None:
    """A posted document is recorded with its body and headers, and is a write."""
    response = requests.post(f"{server.url}/trades", json={"total": 3}, headers={"X-Trace": "7"}, timeout=2)
    assert (response.status_code, response.json(), response.headers["X-Echo"]) == (201, {"total": 3}, "yes")
    assert traced.one().operation.effect == "write"
    assert json.loads(traced.request("body").data) == {"total": 3}
    assert field(traced.request("headers"), "X-Trace") == "7"
    assert field(traced.request("headers"), "Content-Type") == "application/json"


@pytest.mark.parametrize("body", [b"plain", bytearray(b"buffer"), "text", [b"in ", b"pieces"], None], ids=repr)
def test_bodies_of_every_kind_arrive(traced: Traced, server: Server, body: Any) -> None:
    """Bytes, buffers, texts and iterables are sent as before, and recorded as the bytes that were sent."""
    sent = (
        {None: b"", "text": b"text"}.get(body)
        if body is None or body == "text"
        else b"".join(body)
        if isinstance(body, list)
        else bytes(body)
    )
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    with contextlib.closing(connection):
        connection.request("PUT", "/x", body, {"Content-Length": str(len(sent or b""))})
        assert connection.getresponse().read() == sent
    assert traced.request("body") == BytesNode(sent or b"")


def test_an_open_file_is_sent(traced: Traced, server: Server, tmp_path: Path) -> None:
    """A file as body arrives whole."""
    (tmp_path / "body").write_bytes(LARGE)
    with (tmp_path / "body").open("rb") as file:
        response = requests.put(f"{server.url}/x", data=file, timeout=2)
    assert response.content == LARGE
    assert traced.request("body") == BytesNode(LARGE)


def test_asking_for_headers_only(traced: Traced, server: Server) -> None:
    """A HEAD request has an answer without a body."""
    response = requests.head(f"{server.url}/large", timeout=2)
    assert (response.status_code, response.headers["Content-Length"], response.content) == (200, str(len(LARGE)), b"")
    assert traced.one().operation[1:] == ("HEAD", server.url, "read")


def test_redirects(traced: Traced, server: Server) -> None:
    """A redirect that a client follows is two exchanges."""
    assert requests.get(f"{server.url}/moved", timeout=2).json() == {"path": "/json"}
    assert [field(thaw(one.request), "url") for one in traced.exchanges] == [
        f"{server.url}/moved",
        f"{server.url}/json",
    ]


def test_streaming(traced: Traced, server: Server) -> None:
    """A response that is read in pieces arrives in the same pieces, and is recorded whole."""
    with requests.get(f"{server.url}/large", stream=True, timeout=2) as response:
        pieces = list(response.iter_content(10_000))
    assert [len(piece) for piece in pieces] == [10_000] * 26 + [2144]
    assert b"".join(pieces) == LARGE
    assert traced.bytes.endswith(LARGE)


def test_closing_early(traced: Traced, server: Server) -> None:
    """What the program did not read is not in the recording: nothing is fetched ahead for it."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    connection.request("GET", "/large")
    response = connection.getresponse()
    assert response.read(100) == LARGE[:100]
    response.close()
    connection.close()
    assert len(traced.bytes) < len(LARGE)
    assert not traced.one().ended


def test_keeping_a_connection(traced: Traced, server: Server) -> None:
    """Requests of one session share a connection, as they did; each is an exchange of its own."""
    server.connections.clear()
    with requests.Session() as session:
        answers = [session.get(f"{server.url}/{number}", timeout=2).json()["path"] for number in range(3)]
    assert answers == ["/0", "/1", "/2"]
    assert len(server.connections) == 1
    assert [one.operation.name for one in traced.exchanges] == ["GET"] * 3
    assert traced.bytes.count(b"HTTP/1.1 200") == 1


def test_a_connection_that_lives_across_traces(traced: Traced, server: Server) -> None:
    """A pooled connection opened without a trace serves one, and goes on after it."""
    server.connections.clear()
    with requests.Session() as session:
        with within(None):
            session.get(f"{server.url}/0", timeout=2)
        assert session.get(f"{server.url}/1", timeout=2).json() == {"path": "/1"}
        with within(None):
            assert session.get(f"{server.url}/2", timeout=2).json() == {"path": "/2"}
    assert len(server.connections) == 1
    assert len(traced.exchanges) == 1


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("get", "expected"),
    [
        (by_http_client, ConnectionRefusedError),
        (by_urllib, urllib.error.URLError),
        (by_urllib3, urllib3.exceptions.NewConnectionError),
        (by_requests, requests.exceptions.ConnectionError),
    ],
)
def test_a_refused_connection(traced: Traced, get: Any, expected: type[Exception]) -> None:
    """Nobody listens: the client's own error is raised, and the exchange holds the one below it."""
    with pytest.raises(expected):
        get(f"http://127.0.0.1:{_free_port()}/x")
    assert traced.one().error is not None


@pytest.mark.parametrize(
    ("get", "expected"),
    [
        (by_http_client, TimeoutError),
        (by_urllib, TimeoutError),
        (by_urllib3, urllib3.exceptions.ReadTimeoutError),
        (by_requests, requests.exceptions.ReadTimeout),
    ],
)
def test_a_timeout(
    traced: Traced, server: Server, monkeypatch: pytest.MonkeyPatch, get: Any, expected: type[Exception]
) -> None:
    """The server does not answer in time: the client's own error is raised, and recorded."""
    real = socket.socket.settimeout
    monkeypatch.setattr(socket.socket, "settimeout", lambda sock, seconds: real(sock, seconds and 0.05))
    with pytest.raises(expected):
        get(f"{server.url}/slow")
    assert "TimeoutError" in str(thaw(traced.one().error))


@pytest.mark.parametrize(
    ("get", "expected"),
    [
        (by_http_client, (ConnectionResetError, http.client.IncompleteRead)),
        (by_urllib, (ConnectionResetError, http.client.IncompleteRead)),
        (by_urllib3, urllib3.exceptions.ProtocolError),
        (by_requests, requests.exceptions.ChunkedEncodingError),
    ],
)
def test_a_connection_that_breaks(traced: Traced, server: Server, get: Any, expected: Any) -> None:
    """The server goes away in the middle: the client's own error is raised; what came before is recorded."""
    with pytest.raises(expected):
        get(f"{server.url}/reset")
    exchange = traced.one()
    assert b"Content-Length: 1000" in traced.bytes
    assert exchange.error is not None or exchange.ended


SERVICE = """
    import json
    import urllib.error
    import urllib.request
    import requests

    def ask(url, total):
        with requests.Session() as session:
            first = session.get(url + "/chunked", timeout=2).text
            made = session.post(url + "/trades", json={"total": total}, timeout=2)
            pieces = [len(p) for p in session.get(url + "/large", stream=True, timeout=2).iter_content(100_000)]
        try:
            urllib.request.urlopen(url + "/missing", timeout=2)
        except urllib.error.HTTPError as error:
            with error:
                missing = [error.code, json.load(error)]
        return [first, made.status_code, made.json(), pieces, missing]

    def refused(url):
        try:
            return requests.get(url, timeout=2).text
        except requests.exceptions.ConnectionError as error:
            return type(error).__name__

    def broken(url):
        try:
            return requests.get(url + "/reset", timeout=2).text
        except requests.exceptions.RequestException as error:
            return type(error).__name__

    def timed_out(url):
        try:
            return requests.get(url + "/slow", timeout=0.05).text
        except requests.exceptions.RequestException as error:
            return type(error).__name__
    """


def test_recorded_exchanges_replay(tmp_path: Path, server: Server) -> None:
    """What was recorded is enough to run the service again without a server, errors included."""
    nowhere = f"http://127.0.0.1:{_free_port()}"
    answers = []

    def traffic(shop: Any) -> None:
        answers.append(shop.ask(server.url, 3))
        answers.extend([shop.refused(nowhere), shop.broken(server.url), shop.timed_out(server.url)])

    scenario = Scenario(tmp_path, {"shop": SERVICE}).record(traffic)
    assert answers == [
        ["one two three", 201, {"total": 3}, [100_000, 100_000, 62_144], [404, {"error": "missing"}]],
        *("ConnectionError", "ChunkedEncodingError", "ReadTimeout"),
    ]
    replayed = scenario.replay()
    assert (replayed.counts, replayed.fields, replayed.reasons) == ({"same": 4}, {}, set())


def test_a_changed_request_is_seen(tmp_path: Path, server: Server) -> None:
    """A document that is posted otherwise than before is a difference of the request."""
    scenario = Scenario(tmp_path, {"shop": SERVICE}).record(lambda shop: shop.ask(server.url, 3))
    scenario.change("shop", '{"total": total}', '{"total": total + 1}')
    replayed = scenario.replay()
    assert replayed.counts == {"diverged": 1}
    assert ("3", "4") in replayed.fields.values()
