"""The payment service, another team's system, over HTTP."""

from __future__ import annotations

import logging
from uuid import UUID

import httpx

from .errors import PaymentDeclined, PaymentUnavailable

log = logging.getLogger(__name__)


class PaymentClient:
    """Charges and refunds; each charge carries its order's id, so that one that is sent twice is taken once."""

    def __init__(self, client: httpx.AsyncClient, attempts: int = 2) -> None:
        self._client = client
        self._attempts = attempts

    async def charge(self, order_id: UUID, customer: str, amount: int) -> str:
        """The id of the payment; raises `PaymentDeclined` and `PaymentUnavailable`."""
        body = {"customer": customer, "amount": amount, "currency": "EUR"}
        answer = await self._post("/charges", body, key=str(order_id))
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            raise PaymentDeclined(answer.json()["reason"])
        return str(answer.json()["id"])

    async def refund(self, payment: str, amount: int) -> None:
        await self._post("/refunds", {"payment": payment, "amount": amount}, key=payment)

    async def _post(self, path: str, body: dict[str, object], key: str) -> httpx.Response:
        for attempt in range(1, self._attempts + 1):
            try:
                answer = await self._client.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError as error:
                log.warning("payment service, attempt %d: %r", attempt, error)
                continue
            if answer.status_code < 500:
                return answer
            log.warning("payment service, attempt %d: %d", attempt, answer.status_code)
        raise PaymentUnavailable("the payment service does not answer")
