"""Private attributes and local names get clearer names."""

KIND = "rename private"
FUNCTION = "LockerStation.deposit"


def traffic(service, random):
    """One ordinary use."""
    station = service.LockerStation({size: random.randint(1, 4) for size in service.SIZES})
    for number in range(random.randint(0, 4)):
        station.deposit(f"P{number:05d}", random.choice(["S", "M", "M", "L"]))
    place = station.deposit(f"P{random.randint(10000, 99999)}", random.choice(service.SIZES))
    return place, station.free()
