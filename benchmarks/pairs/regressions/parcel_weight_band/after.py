"""Prices parcels by weight band and destination zone."""

BANDS = [
    (500, 390),
    (2000, 549),
    (5000, 769),
    (10000, 1049),
    (31500, 1899),
]
ZONE_FACTOR = {"domestic": 100, "eu": 165, "world": 290}


def _band_price(grams):
    for limit, cents in BANDS:
        if grams < limit:
            return cents
    raise ValueError(f"parcel of {grams} g is too heavy")


def parcel_price(parcels, zone="domestic", insured=False):
    factor = ZONE_FACTOR[zone]
    total = 0
    for parcel in parcels:
        grams = parcel["grams"] + parcel.get("packaging", 0)
        cents = _band_price(grams) * factor // 100
        if insured:
            cents += 250
        total += cents
    return {"zone": zone, "parcels": len(parcels), "cents": total}
