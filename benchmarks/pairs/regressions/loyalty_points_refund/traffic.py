"""Points of a refund are cut towards zero instead of rounded down."""

KIND = "rounding"
FUNCTION = "LoyaltyLedger.book"


def traffic(service, random):
    """Book a purchase after two earlier ones."""
    ledger = service.LoyaltyLedger(euros_per_point=2.0, bonus_tiers=[(50, 1.5), (100, 2)])
    for number in range(2):
        ledger.book(f"R-{number}", round(random.uniform(8, 120), 2))
    points = ledger.book(f"R-{random.randint(1000, 9999)}", round(random.uniform(8, 120), 2))
    return points, ledger.balance


def witness(service):
    """Book a purchase and its refund."""
    ledger = service.LoyaltyLedger()
    ledger.book("R-1", 59.90)
    ledger.book("R-1-refund", -24.95)
    return ledger.entries, ledger.balance
