"""WSGI entries: requests are recorded as a client sees them, and the service answers as it always did."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import urllib.error
import urllib.request
import wsgiref.simple_server
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.recorders.model.value_tree import BytesNode, ObjectNode, field
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

pytest.importorskip("flask")

FLASK = """
    import csv, io
    from flask import Flask, Response, abort, jsonify, redirect, request

    app = Flask(__name__)

    @app.get("/items/<int:number>")
    def item(number):
        if number > 99:
            abort(404)
        return jsonify(id=number)

    @app.get("/page")
    def page():
        return "<p>hello</p>"

    @app.get("/export")
    def export():
        return Response("a,b\\n1,2\\n", mimetype="text/csv")

    @app.get("/binary")
    def binary():
        return Response(bytes(range(256)), mimetype="application/octet-stream")

    @app.get("/moved")
    def moved():
        return redirect("/page", code=303)

    @app.post("/conflict")
    def conflict():
        return jsonify(error="conflict"), 409

    @app.post("/check")
    def check():
        if "total" not in request.get_json():
            return {"error": "total is missing"}, 422
        return request.get_json()

    @app.get("/broken")
    def broken():
        raise RuntimeError("broken")

    @app.get("/stream")
    def stream():
        def rows():
            for number in range(3):
                yield f"row {number}\\n"
        return rows()

    @app.post("/upload")
    def upload():
        return {"size": len(request.files["file"].read()), "note": request.form["note"]}
    """


class Client:
    """Flask's test client; it closes each response when it has read it, as a server does."""

    def __init__(self, application: Any) -> None:
        self._open = application.test_client().open

    def get(self, path: str, **options: Any) -> Any:
        """One GET request."""
        return self._open(path, method="GET", buffered=True, **options)

    def post(self, path: str, **options: Any) -> Any:
        """One POST request."""
        return self._open(path, method="POST", buffered=True, **options)


def flask_traffic(shop: Any) -> None:
    """One request of each kind, answered as without a recorder."""
    client = Client(shop.app)
    assert client.get("/items/7?full=1").json == {"id": 7}
    assert client.get("/items/100").status_code == 404
    assert client.get("/page").text == "<p>hello</p>"
    assert client.get("/export").text.splitlines() == ["a,b", "1,2"]
    assert client.get("/binary").data == bytes(range(256))
    assert client.get("/moved").headers["Location"] == "/page"
    assert client.post("/conflict").status_code == 409
    assert client.post("/check", json={}).status_code == 422
    assert client.post("/check", json={"total": 3}).json == {"total": 3}
    assert client.get("/broken").status_code == 500
    assert client.get("/stream").text == "row 0\nrow 1\nrow 2\n"
    assert client.post("/upload", data={"file": (io.BytesIO(b"x" * 5000), "f.txt"), "note": "n"}).json["size"] == 5000
    assert client.get("/nowhere").status_code == 404


def statuses(traces: list[Trace]) -> dict[tuple[str, str], Any]:
    """(entry, first word of the status) → outcome."""
    return {(one.entry, str(field(one.outcome.value, "status"))[:3]): one.outcome.value for one in traces}


def body_of(outcome: Any) -> bytes:
    """The recorded body of a response."""
    body = field(outcome, "body")
    assert isinstance(body, BytesNode)
    return body.data


def test_flask(tmp_path: Path) -> None:
    """Each kind of response of a Flask application is recorded without a change, under its route, and replays."""
    scenario = Scenario(tmp_path, {"shop": FLASK}, app="shop:app").record(flask_traffic)
    traces = scenario.traces()
    found = statuses(traces)
    assert set(found) == {
        *(("GET /items/<int:number>", "200"), ("GET /items/<int:number>", "404"), ("GET /page", "200")),
        *(("GET /export", "200"), ("GET /binary", "200"), ("GET /moved", "303"), ("POST /conflict", "409")),
        *(("POST /check", "422"), ("POST /check", "200"), ("GET /broken", "500"), ("GET /stream", "200")),
        *(("POST /upload", "200"), ("GET <no route>", "404")),
    }
    assert len(traces) == 13
    assert body_of(found["GET /binary", "200"]) == bytes(range(256))
    assert body_of(found["GET /stream", "200"]) == b"row 0\nrow 1\nrow 2\n"
    assert json.loads(body_of(found["POST /check", "422"])) == {"error": "total is missing"}
    (upload,) = [one for one in traces if one.entry == "POST /upload"]
    assert b"x" * 5000 in body_of(upload.input.tree())
    assert field(upload.input.tree(), "read_all") is True
    assert all(one.kind == "wsgi" for one in traces)
    assert scenario.replay().counts == {"same": 13}


def test_an_exception_that_leaves_the_application(tmp_path: Path) -> None:
    """It reaches the server unchanged, and is the outcome."""

    def traffic(shop: Any) -> None:
        shop.app.config["PROPAGATE_EXCEPTIONS"] = True
        with pytest.raises(RuntimeError, match="broken"):
            Client(shop.app).get("/broken")

    (trace,) = Scenario(tmp_path, {"shop": FLASK}, app="shop:app").record(traffic).traces()
    assert trace.outcome.kind == "exception"
    assert isinstance(trace.outcome.value, ObjectNode)
    assert trace.outcome.value.cls == "builtins:RuntimeError"


PLAIN = """
    events = []

    class Stream:
        def __init__(self, chunks):
            self.chunks = iter(chunks)
        def __iter__(self):
            return self
        def __next__(self):
            events.append("asked")
            return next(self.chunks)
        def close(self):
            events.append("closed")

    class Sized:
        def __iter__(self):
            return iter([b"one"])
        def __len__(self):
            return 1

    ROWS = [b"a", b"b"]

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        if path == "/list":
            return ROWS
        if path == "/sized":
            return Sized()
        if path == "/stream":
            return Stream([b"one", b"two", b"three"])
        if path == "/write":
            write(b"written ")
            return (b"returned",)
        if path == "/fails":
            def failing():
                yield b"first"
                raise ValueError("in the middle")
            return failing()
        stream = environ["wsgi.input"]
        size = int(environ["CONTENT_LENGTH"])
        if path == "/read":
            return [stream.read(2), stream.read(size - 2)]
        if path == "/lines":
            return [stream.readline(), *stream.readlines()]
        if path == "/iterate":
            return list(stream)
        return [stream.read(1)]

    def mount(environ, start_response):
        events.append("mounted")
        return app(environ, start_response)
    """


class Call:
    """One call of an application, as a server makes it."""

    def __init__(self, application: Any, path: str, body: bytes | None = None) -> None:
        self.written: list[bytes] = []
        self.started: list[Any] = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "test", "SERVER_PORT": "80"}
        if body is not None:
            environ |= {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))}
        self.result = application({**environ, "wsgi.input": io.BytesIO(body or b"")}, self.start)

    def start(self, status: str, headers: Any, exc_info: Any = None) -> Any:
        """The server's `start_response`."""
        self.started.append((status, headers))
        return self.written.append


def record_plain(tmp_path: Path, traffic: Any, application: str = "app") -> list[Trace]:
    """The traces of an application without a framework."""
    return Scenario(tmp_path, {"shop": PLAIN}, app=f"shop:{application}").record(traffic).traces()


def test_a_list_stays_the_same_list(tmp_path: Path) -> None:
    """A server that looks at the length of a body sees what it always saw."""

    def traffic(shop: Any) -> None:
        assert Call(shop.app, "/list").result is shop.ROWS
        sized = Call(shop.app, "/sized").result
        with closing(sized):
            assert len(sized) == 1
            assert list(sized) == [b"one"]

    traces = record_plain(tmp_path, traffic)
    assert sorted(body_of(one.outcome.value) for one in traces) == [b"ab", b"one"]
    assert {one.entry for one in traces} == {"GET /list", "GET /sized"}


def test_a_stream_stays_a_stream(tmp_path: Path) -> None:
    """The application is asked for one chunk at a time, and is told when the client goes away."""

    def traffic(shop: Any) -> None:
        whole = Call(shop.app, "/stream").result
        assert shop.events == []
        assert next(whole) == b"one"
        assert shop.events == ["asked"]
        assert list(whole) == [b"two", b"three"]
        whole.close()
        assert shop.events == ["asked"] * 4 + ["closed"]
        shop.events.clear()
        early = Call(shop.app, "/stream").result
        next(early)
        early.close()
        assert shop.events == ["asked", "closed"]
        assert b"".join(Call(shop.app, "/stream").result) == b"onetwothree"  # never closed: it ends with the object

    traces = record_plain(tmp_path, traffic)
    assert sorted(body_of(one.outcome.value) for one in traces) == [b"one", b"onetwothree", b"onetwothree"]


def test_a_stream_that_breaks(tmp_path: Path) -> None:
    """What a body raises in the middle reaches the server, and is the outcome."""

    def traffic(shop: Any) -> None:
        body = Call(shop.app, "/fails").result
        assert next(body) == b"first"
        with pytest.raises(ValueError, match="in the middle"):
            next(body)
        body.close()

    (trace,) = record_plain(tmp_path, traffic)
    assert trace.outcome.kind == "exception"


def test_written_data(tmp_path: Path) -> None:
    """What goes through the old `write` callable is sent, and recorded before the rest."""

    def traffic(shop: Any) -> None:
        call = Call(shop.app, "/write")
        assert (call.written, call.result) == ([b"written "], (b"returned",))

    (trace,) = record_plain(tmp_path, traffic)
    assert body_of(trace.outcome.value) == b"written returned"


@pytest.mark.parametrize(
    ("path", "answer", "read", "read_all"),
    [
        ("/read", [b"on", b"e\ntwo\nthree"], b"one\ntwo\nthree", True),
        ("/lines", [b"one\n", b"two\n", b"three"], b"one\ntwo\nthree", True),
        ("/iterate", [b"one\n", b"two\n", b"three"], b"one\ntwo\nthree", True),
        ("/part", [b"o"], b"o", False),
    ],
)
def test_a_request_body(tmp_path: Path, path: str, answer: list[bytes], read: bytes, read_all: bool) -> None:
    """The application reads its input as it likes; the trace holds what it read, and knows when that was not all."""

    def traffic(shop: Any) -> None:
        assert Call(shop.app, path, b"one\ntwo\nthree").result == answer

    (trace,) = record_plain(tmp_path, traffic)
    assert body_of(trace.input.tree()) == read
    assert field(trace.input.tree(), "read_all") is read_all


def test_a_mounted_application_is_one_trace(tmp_path: Path) -> None:
    """An application inside another is part of the request that reached the outer one."""

    def traffic(shop: Any) -> None:
        assert Call(shop.mount, "/list").result == [b"a", b"b"]

    (trace,) = record_plain(tmp_path, traffic, application="mount")
    assert trace.entry == "GET /list"
    assert [name.partition(":")[2] for name in trace.functions] == ["mount", "app"]


def test_wsgiref(tmp_path: Path) -> None:
    """An application that wsgiref serves is recorded without being named, over a real connection."""

    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    def traffic(shop: Any) -> None:
        with wsgiref.simple_server.make_server("127.0.0.1", 0, shop.app, handler_class=Quiet) as server:
            thread = Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            url = f"http://127.0.0.1:{server.server_port}"
            for path in ("/list", "/stream", "/write"):
                with urllib.request.urlopen(url + path, timeout=5) as response:
                    assert response.status == 200
                    assert response.read() == {"/list": b"ab", "/stream": b"onetwothree"}.get(path, b"written returned")
            with urllib.request.urlopen(f"{url}/read", b"posted", timeout=5) as response:
                assert response.read() == b"posted"
            server.shutdown()
            thread.join()

    traces = Scenario(tmp_path, {"shop": PLAIN}).record(traffic).traces()
    assert {one.entry for one in traces} == {"GET /list", "GET /stream", "GET /write", "POST /read"}


DJANGO = """
import sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="not so secret", ROOT_URLCONF="shop_django", ALLOWED_HOSTS=["*"], DEBUG=False, LOGGING_CONFIG=None,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1] + "/shop.sqlite"}},
)
django.setup()
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

def item(request, number):
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM item WHERE id = %s", [number])
        row = cursor.fetchone()
    return JsonResponse({"name": row[0]}) if row else JsonResponse({"error": "missing"}, status=404)

def stream(request):
    return StreamingHttpResponse(str(number) for number in range(3))

def broken(request):
    raise RuntimeError("broken")

urlpatterns = [path("items/<int:number>/", item), path("stream/", stream), path("broken/", broken)]
application = get_wsgi_application()
"""
DJANGO_TRAFFIC = """
import sys, io, sqlite3
sys.path[:0] = [sys.argv[2], sys.argv[1]]
with sqlite3.connect(sys.argv[1] + "/shop.sqlite") as db:
    db.execute("CREATE TABLE item (id INTEGER, name TEXT)")
    db.execute("INSERT INTO item VALUES (1, 'one')")
db.close()
from pytest_runtime import record
with record("django", include=["shop_django"], store=sys.argv[1] + "/django.baseline", root=sys.argv[1]):
    from shop_django import application
    for path in ("/items/1/", "/items/2/", "/stream/", "/broken/", "/nowhere/"):
        said = []
        body = application({"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "t", "SERVER_PORT": "80",
                            "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http"}, lambda *args: said.append(args))
        print(said[0][0][:3], len(b"".join(body)) > 0)
        body.close()
"""


def test_django(tmp_path: Path) -> None:
    """A Django application with its ORM's cursors is recorded without a change, under its routes."""
    pytest.importorskip("django")
    (tmp_path / "shop_django.py").write_text(DJANGO)
    (tmp_path / "traffic.py").write_text(DJANGO_TRAFFIC)
    root = str(Path(__file__).resolve().parents[3])
    command = [sys.executable, str(tmp_path / "traffic.py"), str(tmp_path), root]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ran.stdout.split("\n")[:5] == ["200 True", "404 True", "200 True", "500 True", "404 True"], ran.stderr
    reader = open_reader(str(tmp_path / "django.baseline"))
    traces = [one.trace for one in reader.traces() if one.trace is not None]
    reader.close()
    entries = sorted(one.entry for one in traces)
    assert entries[:4] == ["GET /broken/", "GET /items/<int:number>/", "GET /items/<int:number>/", "GET /nowhere/"]
    assert len(entries) == 5
    items = [one for one in traces if "items" in one.entry]
    assert all([one.operation for one in trace.exchanges if one.effect == "read"][-1] == "execute" for trace in items)
    assert any("one" in str(exchange.items) for trace in items for exchange in trace.exchanges)
