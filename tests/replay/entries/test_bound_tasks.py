"""Tasks of Celery as a worker runs them: a bound one gets itself, at work on a request."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from pytest_runtime.testing import Scenario

pytest.importorskip("celery")

SHOP = """
    from celery import Celery, Task

    app = Celery("shop", broker="memory://")

    @app.task(name="bill", shared=False)
    def bill(amount):
        return amount * 2

    @app.task(bind=True, name="again", shared=False, max_retries=3)
    def again(self, amount):
        if self.request.retries < 2:
            raise self.retry(countdown=2 ** self.request.retries)
        return f"{self.name} {amount} after {self.request.retries}, {self.request.id}"

    @app.task(bind=True, name="unlucky", shared=False, autoretry_for=(ConnectionError,), retry_backoff=True)
    def unlucky(self, amount):
        bill.delay(amount + self.request.retries)
        raise ConnectionError("no line")

    class Counting(Task):
        name = "counting"

        def run(self, amount):
            return amount + (self.request.retries or 0)

    app.register_task(Counting())
    """


MESSAGE = {
    "root_id": "root",
    "parent_id": "parent",
    "group": "group",
    "group_index": 3,
    "timelimit": [20, 10],
    "origin": "gen7@web",
    "reply_to": "answers",
    "correlation_id": "one",
    "shadow": "other",
    "ignore_result": True,
    "headers": {"tenant": "a"},
    "hostname": "worker@here",
}
"""What a worker reads of a message besides; a retry hands it on, in what is sent and in what is raised."""


def work(shop: ModuleType) -> None:
    """As each pool of Celery does it: by the tracer of a task."""
    from celery.app.trace import build_tracer

    for number, (name, retries) in enumerate(
        [("bill", 0), ("again", 0), ("again", 1), ("again", 2), ("unlucky", 1), ("counting", 1)]
    ):
        task = shop.app.tasks[name]
        given = {"id": f"id-{number}", "args": (7,), "kwargs": {}, "retries": retries, "delivery_info": {}, **MESSAGE}
        build_tracer(name, task, app=shop.app)(given["id"], (7,), {}, given)


@pytest.fixture
def recorded(tmp_path: Path) -> Scenario:
    """The tasks, each done a few times."""
    return Scenario(tmp_path, {"shop": SHOP}).record(work)


def test_unchanged_tasks_do_the_same(recorded: Scenario) -> None:
    """Whatever they read of their request, and whatever they send: a retry, another task."""
    assert sum(trace.kind == "function" for trace in recorded.traces()) == 6
    replayed = recorded.judge(everything=True)
    assert (replayed.reasons, replayed.counts) == (set(), {"same": 6})


@pytest.mark.parametrize(
    ("old", "new", "field", "diverged"),
    [
        ("countdown=2 ** self.request.retries", "countdown=3 ** self.request.retries", "send again eta", 1),
        ("self.request.retries < 2", "self.request.retries < 1", "exception", 1),
        ("bill.delay(amount + self.request.retries)", "bill.delay(amount)", "send bill args[0]", 1),
        ("return amount + (self", "return amount - (self", "return", 1),
    ],
)
def test_a_changed_task_is_flagged(recorded: Scenario, old: str, new: str, field: str, diverged: int) -> None:
    """By what it returns, and by what it sends."""
    judged = recorded.change("shop", old, new).judge()
    assert judged.counts["diverged"] == diverged, judged.reasons
    assert any(found.startswith(field) for found in judged.fields), judged.fields


def test_a_task_that_is_gone_says_so(recorded: Scenario) -> None:
    """It is found by the name under which messages ask for it."""
    judged = recorded.change("shop", 'name="again"', 'name="anew"').judge(everything=True)
    assert any("there is no task 'again' any more" in reason for reason in judged.reasons), judged.reasons
