"""Payments: charging a card through a gateway, with another attempt where it fails."""

from __future__ import annotations

import http.client
import json

ATTEMPTS = 4
SURCHARGE_FROM = 1_000


def pay(gateway: str, order: str, amount: int, express: bool = False) -> str:
    """Charge an order; returns `charged` or `failed`."""
    total = amount + 15 if express else amount
    method = "card"
    if total > SURCHARGE_FROM:
        method = "card-3ds"
    for _attempt in range(ATTEMPTS):
        if charge(gateway, order, total, method):
            return "charged"
    return "failed"


def charge(gateway: str, order: str, total: int, method: str) -> bool:
    """One attempt; any answer but 200 is taken for a moment's weakness."""
    connection = http.client.HTTPConnection(gateway, timeout=5)
    try:
        body = json.dumps({"order": order, "total": total, "method": method})
        connection.request("POST", "/charges", body=body, headers={"Content-Type": "application/json"})
        return connection.getresponse().status == 200
    finally:
        connection.close()
