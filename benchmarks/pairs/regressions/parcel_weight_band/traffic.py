"""A weight exactly on a band's limit falls into the next band."""

KIND = "boundary"
FUNCTION = "_band_price"


def traffic(service, random):
    """Price a consignment of a few parcels."""
    parcels = []
    for number in range(random.randint(1, 3)):
        parcel = {"reference": f"P{number + 1}", "grams": random.randint(130, 18000)}
        if random.random() < 0.3:
            parcel["packaging"] = random.choice([45, 80, 120])
        parcels.append(parcel)
    zone = random.choice(["domestic", "domestic", "domestic", "eu", "world"])
    return service.parcel_price(parcels, zone, insured=random.random() < 0.1)


def witness(service):
    """Weigh exactly two kilograms."""
    return service.parcel_price([{"reference": "P1", "grams": 2000}])
