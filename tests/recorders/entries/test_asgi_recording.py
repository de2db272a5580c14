"""ASGI entries: requests are recorded as a client sees them, and the service answers as it always did."""

from __future__ import annotations

import asyncio
import inspect
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.inputs import HttpInput
from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.recorders.model.value_tree import BytesNode, ObjectNode, field
from pytest_runtime.testing import Scenario
from tests.asgi_client import ask, started

pytest.importorskip("fastapi")

SHOP = """
    import asyncio
    import contextlib
    import os

    from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException, Request
    from fastapi.responses import StreamingResponse
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    LOG = []

    @contextlib.asynccontextmanager
    async def lifespan(app):
        app.state.region = os.environ.get("SHOP_REGION", "eu")
        yield {"tax": 2}
        LOG.append("ended")

    app = FastAPI(lifespan=lifespan)
    router = APIRouter(prefix="/api")

    def price(count):
        return count * 9 if count > 5 else count * 10

    @app.post("/orders/{number}")
    async def order(number: int, order: dict, request: Request):
        await asyncio.sleep(0)
        if number == 404:
            raise HTTPException(404, "none")
        return {"price": price(order["count"]), "tax": request.state.tax, "region": app.state.region}

    @router.get("/sync/{name}")
    def sync(name: str, n: int = 1):
        return {"name": name, "price": price(n)}

    @app.get("/stream")
    async def stream():
        async def rows():
            for number in range(3):
                await asyncio.sleep(0)
                yield f"row {price(number)}\\n"
        return StreamingResponse(rows(), media_type="text/plain")

    @app.post("/upload")
    async def upload(request: Request):
        return {"sizes": [len(part) async for part in request.stream()]}

    @app.get("/broken")
    async def broken():
        raise RuntimeError("broken")

    @app.get("/later")
    async def later(tasks: BackgroundTasks):
        tasks.add_task(noted, "later")
        return {"ok": True}

    async def noted(what):
        await asyncio.sleep(0)
        LOG.append((what, os.environ.get("SHOP_NOTE")))

    @app.get("/variable/{number}")
    async def variable(number: int):
        for _ in range(number % 7):
            await asyncio.sleep(0)
        found = os.environ.get(f"SHOP_{number}")
        await asyncio.sleep(0)
        return [found, await asyncio.to_thread(os.environ.get, f"SHOP_THREAD_{number}")]

    def inside(request):
        return PlainTextResponse("inside")

    app.include_router(router)
    app.mount("/inner", Starlette(routes=[Route("/item/{name}", inside)]))
    """


async def traffic(shop: Any) -> None:
    """Everything once, in an application that was started."""
    async with started(shop.app) as state:
        for number in (1, 7):
            answer = await ask(shop.app, "POST", f"/orders/{number}", document={"count": number}, state=state)
            assert answer.json == {"price": {1: 10, 7: 63}[number], "tax": 2, "region": "eu"}
        assert (await ask(shop.app, "POST", "/orders/404", document={"count": 1}, state=state)).status == 404
        assert (await ask(shop.app, "POST", "/orders/x", document={"count": 1}, state=state)).status == 422
        assert (await ask(shop.app, "GET", "/api/sync/b%C3%B6b?n=6")).json == {"name": "böb", "price": 54}
        assert (await ask(shop.app, "GET", "/stream")).parts == [b"row 0\n", b"row 10\n", b"row 20\n", b""]
        assert (await ask(shop.app, "POST", "/upload", body=[b"abc", b"de"])).json == {"sizes": [3, 2, 0]}
        assert (await ask(shop.app, "GET", "/broken")).status == 500
        assert (await ask(shop.app, "GET", "/later")).json == {"ok": True}
        assert (await ask(shop.app, "GET", "/inner/item/tea")).text == "inside"
        assert (await ask(shop.app, "GET", "/nothing/12")).status == 404


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The shop under traffic."""
    folder = tmp_path_factory.mktemp("asgi")
    return Scenario(folder, {"shop": SHOP}).record(lambda shop: asyncio.run(traffic(shop)))


def named(scenario: Scenario, name: str) -> list[Trace]:
    """The traces of an entry."""
    return [trace for trace in scenario.traces() if trace.entry == name]


def body(trace: Trace) -> Any:
    """The body of a response."""
    found = field(trace.outcome.value, "body")
    assert isinstance(found, BytesNode)
    return found.data


def test_requests_are_named_by_their_routes(recorded: Scenario) -> None:
    """Routes of included and mounted routers are whole; what no route answers says so. Nothing else is an entry."""
    traces = recorded.traces()
    assert {trace.entry for trace in traces} == {
        "POST /orders/{number}",
        "GET /api/sync/{name}",
        "GET /stream",
        "POST /upload",
        "GET /broken",
        "GET /later",
        "GET /inner/item/{name}",
        "GET <no route>",
    }
    assert {trace.kind for trace in traces} == {"asgi"}
    assert all(trace.gaps == [] for trace in traces)


def test_requests_and_responses_are_those_of_a_client(recorded: Scenario) -> None:
    """Streams, uploads, errors, and what the framework itself answers."""
    statuses = sorted(str(field(trace.outcome.value, "status")) for trace in named(recorded, "POST /orders/{number}"))
    assert statuses == ["200", "200", "404", "422"]
    assert body(named(recorded, "GET /stream")[0]) == b"row 0\nrow 10\nrow 20\n"
    [upload] = named(recorded, "POST /upload")
    assert isinstance(upload.input, HttpInput)
    assert (upload.input.body, upload.input.read_all) == (b"abcde", True)
    [sync] = named(recorded, "GET /api/sync/{name}")
    assert isinstance(sync.input, HttpInput)
    environ = dict(zip(sync.input.environ.keys, sync.input.environ.values, strict=True))
    assert (environ["QUERY_STRING"], environ["HTTP_HOST"]) == ("n=6", "testserver")
    assert str(environ["PATH_INFO"]).encode("latin-1").decode() == "/api/sync/böb"
    assert field(named(recorded, "GET /broken")[0].outcome.value, "status") == "500"


def test_what_belongs_to_a_request_is_in_its_trace(recorded: Scenario) -> None:
    """Endpoints in a pool of threads, streams, background tasks; modules that a server would start are settings."""

    def functions(name: str) -> set[str]:
        found = {recorded.plain(one) for trace in named(recorded, name) for one in trace.functions}
        return {one.removeprefix("shop:") for one in found}

    assert functions("GET /api/sync/{name}") == {"sync", "price"}
    if sys.version_info >= (3, 12):  # before, tasks that a request starts are not seen
        assert functions("GET /stream") == {"stream", "stream.<locals>.rows", "price"}
    assert functions("GET /later") == {"later", "noted"}
    assert "SHOP_NOTE" in named(recorded, "GET /later")[0].variables


def test_of_fifty_requests_at_a_time_none_is_misattributed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reads a variable of its own, in its task and in a thread, while all others do."""
    for number in range(50):
        monkeypatch.setenv(f"SHOP_{number}", f"v{number}")
        monkeypatch.setenv(f"SHOP_THREAD_{number}", f"t{number}")

    async def crowd(shop: Any) -> None:
        answers = await asyncio.gather(*(ask(shop.app, "GET", f"/variable/{number}") for number in range(50)))
        assert [answer.json for answer in answers] == [[f"v{number}", f"t{number}"] for number in range(50)]

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: asyncio.run(crowd(shop)))
    traces = named(scenario, "GET /variable/{number}")
    assert len(traces) >= 3
    for trace in traces:
        found = [value for name, value in trace.variables.items() if name.startswith("SHOP_")]
        assert body(trace).decode() == '["{}","{}"]'.format(*found)


def test_an_application_of_ones_own_is_named_by_the_settings(tmp_path: Path) -> None:
    """A plain function, which answers, and raises."""
    source = """
        async def app(scope, receive, send):
            if scope["path"] == "/broken":
                raise ValueError("broken")
            message = await receive()
            await send({"type": "http.response.start", "status": 201, "headers": [(b"x-size", b"1")]})
            await send({"type": "http.response.body", "body": message["body"].upper()})
        """

    async def run(shop: Any) -> None:
        assert inspect.iscoroutinefunction(shop.app)
        assert (await ask(shop.app, "POST", "/up/12", body=[b"abc"])).text == "ABC"
        with pytest.raises(ValueError, match="broken"):
            await ask(shop.app, "GET", "/broken")

    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: asyncio.run(run(shop)), app="shop:app")
    assert sorted(trace.entry for trace in scenario.traces()) == ["GET /broken", "POST /up/<id>"]
    [broken] = named(scenario, "GET /broken")
    assert isinstance(broken.outcome.value, ObjectNode)
    assert broken.outcome.value.cls == "builtins:ValueError"
    [answered] = [trace for trace in scenario.traces() if trace is not broken and trace.entry != "GET /broken"]
    assert body(answered) == b"ABC"


def test_a_client_that_goes_away_is_a_gap(tmp_path: Path) -> None:
    """What the application would have answered is not known."""
    source = """
        async def app(scope, receive, send):
            while (await receive())["type"] != "http.disconnect":
                pass
        """

    async def run(shop: Any) -> None:
        messages = [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            raise AssertionError

        await shop.app({"type": "http", "method": "GET", "path": "/"}, receive, send)

    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: asyncio.run(run(shop)), app="shop:app")
    [trace] = scenario.traces()
    assert trace.gaps == ["the client went away before the response was complete"]
