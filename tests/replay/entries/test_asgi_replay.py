"""ASGI requests are answered again by the application of the code under test, as a server would run it."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.testing import Scenario
from tests.asgi_client import ask
from tests.recorders.entries.test_asgi_recording import SHOP, traffic

pytest.importorskip("fastapi")


@pytest.fixture
def recorded(tmp_path: Path) -> Scenario:
    """The shop under traffic."""
    return Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: asyncio.run(traffic(shop)))


def test_unchanged_code_answers_the_same(recorded: Scenario) -> None:
    """Streams, uploads, threads, background tasks, errors, and what the lifespan made."""
    replayed = recorded.judge(everything=True)
    assert replayed.reasons == set()
    assert replayed.counts == {"same": len(recorded.traces())}


def test_a_changed_endpoint_is_flagged_at_its_line(recorded: Scenario) -> None:
    """In a coroutine, and in a function that a thread runs."""
    judged = recorded.change("shop", "count * 9 if", "count * 8 if").judge(located=True)
    assert judged.counts["diverged"] == 2
    assert judged.fields["response.json.price"] in (("63", "56"), ("54", "48"))
    assert recorded.plain(judged.location.function) == "shop:price"


def test_a_changed_start_is_seen(recorded: Scenario) -> None:
    """What the lifespan leaves is part of what requests see."""
    judged = recorded.change("shop", '{"tax": 2}', '{"tax": 3}').judge(everything=True)
    assert judged.fields["response.json.tax"] == ("2", "3")


def test_a_refactoring_is_silent(recorded: Scenario) -> None:
    """A plain endpoint becomes a coroutine, and a helper is extracted."""
    recorded.change("shop", "def sync(name", "async def sync(name")
    recorded.change("shop", "return count * 9 if count > 5 else count * 10", "return count * rate(count)")
    recorded.change(
        "shop", "def price(count):", "def rate(count):\n    return 9 if count > 5 else 10\n\ndef price(count):"
    )
    assert recorded.judge(everything=True).counts == {"same": len(recorded.traces())}


def test_an_application_that_does_not_start_says_why(recorded: Scenario) -> None:
    """Its own words, and no verdict on requests that nobody answered."""
    judged = recorded.change("shop", '{"tax": 2}', '{"tax": int("no tax")}').judge(everything=True)
    assert set(judged.counts) == {"error"}
    said = "does not start here: ValueError: invalid literal for int() with base 10: 'no tax'"
    assert all(said in reason for reason in judged.reasons)


def test_another_loop_is_not_needed_for_what_the_lifespan_made(tmp_path: Path) -> None:
    """A lock, a queue and a task that were made on the loop of the server work in each request."""
    source = """
        import asyncio
        import contextlib
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        @contextlib.asynccontextmanager
        async def lifespan(app):
            queue = asyncio.Queue()
            async def serve():
                while True:
                    number, done = await queue.get()
                    await asyncio.sleep(0.001)
                    done.set_result(number * 2)
            task = asyncio.create_task(serve())
            yield {"queue": queue, "lock": asyncio.Lock()}
            task.cancel()

        async def double(request):
            done = asyncio.get_running_loop().create_future()
            async with request.state.lock:
                await request.state.queue.put((int(request.path_params["number"]), done))
                return JSONResponse({"double": await done})

        app = Starlette(routes=[Route("/double/{number}", double)], lifespan=lifespan)
        """

    async def run(shop: Any) -> None:
        from tests.asgi_client import started

        async with started(shop.app) as state:
            for number in (1, 2):
                answer = await ask(shop.app, "GET", f"/double/{number}", state=state)
                assert answer.json == {"double": 2 * number}

    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: asyncio.run(run(shop)))
    replayed = scenario.judge(everything=True)
    assert (set(replayed.counts), replayed.reasons) == ({"same"}, set())


def test_django_answers_over_asgi(tmp_path: Path) -> None:
    """Plain and asynchronous views, by their routes."""
    pytest.importorskip("django")
    source = """
        import asyncio
        import sys
        from django.conf import settings
        if not settings.configured:
            settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x" * 50, USE_I18N=False)
        import django
        django.setup()
        from django.core.handlers.asgi import ASGIHandler
        from django.http import JsonResponse
        from django.urls import path

        def price(count):
            return count * 10

        def plain(request, count):
            return JsonResponse({"price": price(count)})

        async def later(request, count):
            await asyncio.sleep(0)
            return JsonResponse({"price": price(count), "later": True})

        urlpatterns = [path("plain/<int:count>", plain), path("later/<int:count>", later)]
        app = ASGIHandler()
        """

    async def run(shop: Any) -> None:
        assert (await ask(shop.app, "GET", "/plain/2")).json == {"price": 20}
        assert (await ask(shop.app, "GET", "/later/3")).json == {"price": 30, "later": True}

    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: asyncio.run(run(shop)))
    assert sorted(trace.entry for trace in scenario.traces()) == ["GET /later/<int:count>", "GET /plain/<int:count>"]
    replayed = scenario.judge(everything=True)
    assert (replayed.counts, replayed.reasons) == ({"same": 2}, set())
    assert scenario.change("shop", "count * 10", "count * 11").judge().counts == {"diverged": 2}


UNDER_UVICORN = """
from fastapi import FastAPI

app = FastAPI()


def price(count):
    return count * 10


@app.get("/price/{count}")
async def of(count: int):
    return {"price": price(count)}


@app.get("/sync/{count}")
def sync(count: int):
    return {"price": price(count)}
"""


def test_a_service_under_uvicorn_is_recorded_and_judged(pytester: pytest.Pytester) -> None:
    """`pytest-runtime record -- uvicorn shop.web:app`, real requests, and a change of an endpoint."""
    pytest.importorskip("uvicorn")
    package = pytester.path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "web.py").write_text(UNDER_UVICORN)
    pytester.makepyprojecttoml('[tool.pytest-runtime]\ninclude = ["shop"]\n')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "live", "--"]
    served = [sys.executable, "-m", "uvicorn", "shop.web:app", "--port", str(port)]
    process = subprocess.Popen(
        [*command, *served], cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        for path, expected in (("price/2", b'{"price":20}'), ("sync/3", b'{"price":30}'), ("price/x", None)):
            assert _get(f"http://127.0.0.1:{port}/{path}") == expected
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert "3 traces recorded" in said, said
    options = ("--runtime-baseline=live", "--runtime-all", "-p", "no:cacheprovider")
    assert pytester.runpytest_subprocess(*options).ret == 0
    (package / "web.py").write_text(UNDER_UVICORN.replace("count * 10", "count * 11"))
    changed = pytester.runpytest_subprocess(*options)
    assert changed.ret == 1
    changed.stdout.fnmatch_lines(["*GET /price/{count}*", "*shop/web.py:8*"])


def _get(url: str) -> bytes | None:
    """The body of an answer, once the server is there; `None` of one that is refused."""
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError:
            return None
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
