"""The tariff is kept per month of any year, so the same month of another year gets the price asked for first."""

from datetime import date
from decimal import Decimal

KIND = "cache"
FUNCTION = "tariff_on"


def traffic(service, random):
    """The cost of a day's energy this year."""
    day = date(2025, random.randint(1, 12), random.randint(1, 28))
    kwh = Decimal(random.randint(15, 420)) / 10
    return service.energy_cost(random.choice(("north", "south", "coast")), day, kwh)


def witness(service):
    """The same month in two years."""
    kwh = Decimal("100")
    return [service.energy_cost("north", date(year, 8, 5), kwh) for year in (2023, 2025)]
