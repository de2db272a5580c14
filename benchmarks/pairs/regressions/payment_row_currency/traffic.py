"""A row without a currency is booked in euros instead of the account's currency."""

KIND = "defaults"
FUNCTION = "to_booking"


def traffic(service, random):
    """Import the rows of a day."""
    account = {"iban": "SE4550000000058398257466", "currency": random.choice(["EUR", "USD", "SEK"])}
    rows = []
    for _ in range(random.randint(1, 6)):
        rows.append(
            {
                "id": f"ch_{random.randint(10**5, 10**6)}",
                "status": random.choice(["settled", "settled", "settled", "pending"]),
                "amount": f"{random.uniform(5, 2400):,.2f}",
                "currency": account["currency"],
                "fee": f"{random.uniform(0.2, 3):.2f}" if random.random() < 0.6 else "",
                "memo": random.choice([None, None, "Order 4711", "Subscription for March"]),
            }
        )
    return service.import_rows(rows, account)


def witness(service):
    """Import an old row that has no currency."""
    rows = [{"id": "ch_1", "status": "settled", "amount": "100.00"}]
    return service.import_rows(rows, {"iban": "SE45", "currency": "SEK"})
