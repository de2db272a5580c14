"""The result of a search is cached in the object and dropped when the table changes."""

KIND = "cache in object"
FUNCTION = "TariffZones.zone_of"


def traffic(service, random):
    """One ordinary use."""
    zones = service.TariffZones({"1": "A", "10": "B", "101": "C", "2": "B", "80": "D"})
    codes = [f"{random.randint(10000, 89999)}" for _ in range(random.randint(1, 4))]
    first = [zones.zone_of(code) for code in codes]
    if random.random() < 0.4:
        zones.set_zone(codes[0][:2], random.choice(["E", "F"]))
    return first, [zones.zone_of(code) for code in codes]
