"""A nested loop with appends becomes one sorted comprehension."""

KIND = "loop to comprehension"
FUNCTION = "pick_list"


def traffic(service, random):
    """One ordinary use."""
    skus = [f"A{number}" for number in range(100, 112)]
    bins = {sku: f"{random.choice('ABCD')}-{random.randint(1, 40):02d}" for sku in skus[:-1]}
    orders = []
    for _ in range(random.randint(1, 4)):
        items = []
        for sku in random.sample(skus, random.randint(1, 5)):
            item = {"sku": sku, "qty": random.randint(1, 6)}
            if random.random() < 0.15:
                item["reserved"] = True
            items.append(item)
        status = random.choice(["paid", "paid", "paid", "open"])
        orders.append({"id": random.randint(5000, 5999), "status": status, "items": items})
    return service.pick_list(orders, bins)
