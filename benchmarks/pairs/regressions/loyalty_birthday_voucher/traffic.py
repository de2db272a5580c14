"""A birthday on 29 February is kept on the 28th instead of 1 March in common years."""

from datetime import date, timedelta

KIND = "leap day"
FUNCTION = "birthday_in"


def traffic(service, random):
    """A voucher for a member with an ordinary birthday."""
    born = date(random.randint(1950, 2006), random.randint(1, 12), random.randint(1, 28))
    today = date(2025, 1, 10) + timedelta(days=random.randint(0, 330))
    return service.voucher_for(random.randint(10000, 99999), born, today)


def witness(service):
    """Somebody born on 29 February, in a common year."""
    return service.voucher_for(12345, date(1988, 2, 29), date(2025, 2, 1))
