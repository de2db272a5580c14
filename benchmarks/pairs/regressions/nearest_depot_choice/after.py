"""Chooses the depot which fulfils an order."""

import math


def _distance(a, b):
    # flat enough within one country
    dx = (a[1] - b[1]) * math.cos(math.radians((a[0] + b[0]) / 2))
    dy = a[0] - b[0]
    return round(math.hypot(dx, dy) * 111.2, 1)


def choose_depot(order, depots):
    best = None
    best_km = None
    for depot in depots:
        stock = depot["stock"]
        if any(stock.get(sku, 0) < wanted for sku, wanted in order["items"].items()):
            continue
        km = _distance(order["position"], depot["position"])
        if best is None or km <= best_km:
            best, best_km = depot, km
    if best is None:
        return None
    return best["name"], best_km
