"""Accepts orders once per idempotency key."""

from decimal import Decimal


class KeyReused(Exception):
    pass


class OrderDesk:
    def __init__(self):
        self._answers = {}
        self._next = 1

    def _fingerprint(self, customer, lines):
        return customer.lower(), tuple(sorted((line["sku"], line["qty"]) for line in lines))

    def place(self, key, customer, lines):
        if not lines:
            raise ValueError("an order needs lines")
        print_ = self._fingerprint(customer, lines)
        if key in self._answers:
            known, answer = self._answers[key]
            if known != print_:
                raise KeyReused(key)
            return {**answer, "replayed": True}
        total = sum((line["price"] * line["qty"] for line in lines), Decimal(0))
        answer = {"number": self._next, "customer": customer, "total": total, "replayed": False}
        self._next += 1
        self._answers[key] = print_, answer
        return answer
