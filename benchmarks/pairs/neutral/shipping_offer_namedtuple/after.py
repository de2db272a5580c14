"""Compares the offers of carriers for a parcel."""

from collections import namedtuple

CARRIERS = [
    {"name": "postal", "base": 450, "per_kg": 60, "days": 3, "max_kg": 20},
    {"name": "express", "base": 990, "per_kg": 120, "days": 1, "max_kg": 30},
    {"name": "freight", "base": 2900, "per_kg": 25, "days": 5, "max_kg": 500},
    {"name": "bike", "base": 990, "per_kg": 120, "days": 1, "max_kg": 8},
]

_Offer = namedtuple("_Offer", "carrier cents days")


def best_offer(weight_grams, max_days=None):
    if weight_grams <= 0:
        raise ValueError("a parcel weighs something")
    kilos = -(-weight_grams // 1000)
    offers = []
    for carrier in CARRIERS:
        if kilos > carrier["max_kg"]:
            continue
        if max_days is not None and carrier["days"] > max_days:
            continue
        cents = carrier["base"] + carrier["per_kg"] * kilos
        offers.append(_Offer(carrier["name"], cents, carrier["days"]))
    if not offers:
        return None
    best = min(offers, key=lambda offer: (offer.cents, offer.days))
    return {"carrier": best.carrier, "cents": best.cents, "days": best.days}
