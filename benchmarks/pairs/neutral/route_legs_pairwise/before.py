"""Measures the legs of a delivery route."""

import math

EARTH_KM = 6371.0


def _distance(lat_a, lon_a, lat_b, lon_b):
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half = math.sin((phi_b - phi_a) / 2) ** 2
    half += math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def route_legs(stops):
    legs = []
    total = 0.0
    for i in range(1, len(stops)):
        a = stops[i - 1]
        b = stops[i]
        km = _distance(a[1], a[2], b[1], b[2])
        total += km
        legs.append({"from": a[0], "to": b[0], "km": round(km, 1)})
    return legs, round(total, 1)
