"""Guards outgoing bank transfers with a daily limit per account."""

from decimal import Decimal


class TransferGuard:
    def __init__(self, daily_limit, currency="EUR"):
        self.daily_limit = Decimal(daily_limit)
        self.currency = currency
        self._spent = {}

    def spent(self, account, day):
        return self._spent.get((account, day), Decimal("0"))

    def authorize(self, account, amount, day):
        amount = Decimal(amount)
        if amount <= 0:
            return "rejected", "amount must be positive"
        spent = self.spent(account, day)
        if spent + amount > self.daily_limit:
            left = self.daily_limit - spent
            return "rejected", f"only {left} {self.currency} left today"
        self._spent[account, day] = spent + amount
        return "approved", None
