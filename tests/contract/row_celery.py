"""Messages to a broker: Celery and `kombu` below it, with Redis as the broker."""

from __future__ import annotations

from .row import Change, Row

_SET_UP = """
import redis


def prepare():
    client = redis.Redis(port={port})
    client.set("broken", "no list")
    client.close()


prepare()
"""

_SERVICE = """
from concurrent.futures import ThreadPoolExecutor

import kombu
from celery import Celery, signature

app = Celery("shop", broker="redis://127.0.0.1:{port}/0", backend=None)
nowhere = Celery("nowhere", broker="redis://127.0.0.1:{closed}/0", backend=None)
SECRET = "{terces}"[::-1]


@app.task(name="shop.bill", shared=False)
def bill(customer, amount, rush=False):
    return amount


def work():
    first = bill.delay("ada", 12, rush=True)
    later = bill.apply_async(args=["bob", 7], countdown=60, queue="slow")
    chained = (bill.s("cleo", 1) | signature("shop.thank", args=("cleo",), immutable=True)).apply_async()
    with app.producer_or_acquire() as producer:
        producer.publish({"sku": 7}, routing_key="stock", serializer="json", declare=[kombu.Queue("stock")])
    return type(first).__name__, len({first.id, later.id, chained.id})


def fail():
    try:
        app.send_task("shop.bill", args=["x", 1], queue="broken", retry=False)
    except Exception as error:
        return type(error).__name__, str(error)


def many():
    def one(number):
        return number, int(app.send_task("shop.bill", args=["x", number], task_id=str(number)).id)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(50)))


def secret():
    return len(app.send_task("shop.login", kwargs={"password": SECRET}).id)


def refused():
    try:
        nowhere.send_task("shop.bill", args=["x", 1], retry=False)
    except kombu.exceptions.OperationalError as error:
        return type(error).__name__, str(error)
"""

ROWS = (
    Row(
        "celery",
        "redis_server",
        ("celery", "kombu"),
        _SERVICE,
        (
            Change('"ada", 12', '"ada", 13', "send shop.bill args[1]"),
            Change(', queue="slow"', "", "send shop.bill to"),
            Change('    first = bill.delay("ada", 12, rush=True)\n', "    first = bill.s()\n", "send shop.bill"),
            Change('{"sku": 7}', '{"sku": 8}', "publish stock body.sku"),
            Change('"shop.thank"', '"shop.thanks"', "send shop.bill chain"),
        ),
        set_up=_SET_UP,
        imports={"kombu": "kombu.messaging"},
    ),
)
