"""The errors a caller can be told about, and the HTTP status of each.

TradingError
├── ValidationError
├── NotFound
├── InsufficientFunds
├── InsufficientPosition
├── DuplicateOrder
├── LimitNotReached
├── SymbolSuspended
├── FraudDeclined
└── FraudUnavailable
"""

from __future__ import annotations


class TradingError(Exception):
    """Something the caller should hear about; `code` is stable, the message is for people."""

    code = "trading_error"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def to_json(self) -> dict[str, str]:
        body = {"error": self.code, "message": self.message}
        if self.field is not None:
            body["field"] = self.field
        return body


class ValidationError(TradingError):
    code = "invalid"


class NotFound(TradingError):
    code = "not_found"


class InsufficientFunds(TradingError):
    code = "insufficient_funds"


class InsufficientPosition(TradingError):
    code = "insufficient_position"


class DuplicateOrder(TradingError):
    code = "duplicate_order"


class LimitNotReached(TradingError):
    code = "limit_not_reached"


class SymbolSuspended(TradingError):
    code = "symbol_suspended"


class FraudDeclined(TradingError):
    code = "fraud_declined"


class FraudUnavailable(TradingError):
    code = "fraud_unavailable"


def status_of(error: TradingError) -> int:
    """The HTTP status that answers `error`."""
    if isinstance(error, ValidationError | SymbolSuspended):
        return 422
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, InsufficientFunds | InsufficientPosition | DuplicateOrder | LimitNotReached):
        return 409
    if isinstance(error, FraudDeclined):
        return 403
    if isinstance(error, FraudUnavailable):
        return 502
    return 500
