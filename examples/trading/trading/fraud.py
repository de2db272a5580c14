"""The client of the fraud service."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal

import requests

from trading.errors import FraudUnavailable

logger = logging.getLogger(__name__)

APPROVED = "approved"
DECLINED = "declined"
REVIEW = "review"
DECISIONS = frozenset({APPROVED, DECLINED, REVIEW})


@dataclass(frozen=True)
class Assessment:
    """The trade as the fraud service needs to see it."""

    trade_id: str
    user: str
    symbol: str
    side: str
    amount: Decimal
    high_value: bool


class FraudClient:
    """Asks the fraud service for one decision per trade."""

    def __init__(self, url: str, timeout: float) -> None:
        self._endpoint = f"{url}/validate"
        self._timeout = timeout

    def assess(self, assessment: Assessment) -> str:
        """One of APPROVED, DECLINED and REVIEW; raises FraudUnavailable when there is no usable answer."""
        response = self._post(
            {
                "trade_id": assessment.trade_id,
                "user": assessment.user,
                "symbol": assessment.symbol,
                "side": assessment.side,
                "amount": str(assessment.amount),
                "high_value": assessment.high_value,
            }
        )
        if response.status_code != 200:
            logger.warning("fraud service answered %s for trade %s", response.status_code, assessment.trade_id)
            raise FraudUnavailable(f"the fraud service answered {response.status_code}")
        return self._decision(response)

    def _post(self, body: dict[str, object]) -> requests.Response:
        try:
            return requests.post(self._endpoint, json=body, timeout=self._timeout)
        except requests.RequestException as error:
            logger.warning("fraud service cannot be reached: %s", type(error).__name__)
            raise FraudUnavailable("the fraud service cannot be reached") from error

    def _decision(self, response: requests.Response) -> str:
        try:
            decision = response.json()["decision"]
        except (ValueError, KeyError, TypeError) as error:
            raise FraudUnavailable("the fraud service's answer cannot be read") from error
        if decision not in DECISIONS:
            raise FraudUnavailable(f"the fraud service's decision is unknown: {decision!r}")
        return str(decision)
