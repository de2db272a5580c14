"""Measures the legs of a delivery route."""

import math
from itertools import pairwise

EARTH_KM = 6371.0


def _distance(lat_a, lon_a, lat_b, lon_b):
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half = math.sin((phi_b - phi_a) / 2) ** 2
    half += math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def route_legs(stops):
    legs = []
    total = 0.0
    for (start, *origin), (end, *destination) in pairwise(stops):
        km = _distance(*origin, *destination)
        total += km
        legs.append({"from": start, "to": end, "km": round(km, 1)})
    return legs, round(total, 1)
