"""What can go wrong with an order, and the HTTP status that says so.

OrderError
├── NotFound
├── OutOfStock
├── WrongState
├── PaymentDeclined
└── PaymentUnavailable
"""

from __future__ import annotations


class OrderError(Exception):
    """Something the caller should hear about."""

    code = "order_error"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def to_json(self) -> dict[str, str]:
        return {"error": self.code, "message": self.message}


class NotFound(OrderError):
    code = "not_found"
    status = 404


class OutOfStock(OrderError):
    code = "out_of_stock"
    status = 409


class WrongState(OrderError):
    code = "wrong_state"
    status = 409


class PaymentDeclined(OrderError):
    code = "payment_declined"
    status = 402


class PaymentUnavailable(OrderError):
    code = "payment_unavailable"
    status = 503
