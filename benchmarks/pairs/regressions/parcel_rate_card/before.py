"""Carrier rates for parcels, in cents."""

import math

BULKY_GIRTH = 300
HEAVY = 20


class RateCard:
    def __init__(self, base, per_kilo, fuel_percent=0):
        self.base = base
        self.per_kilo = per_kilo
        self.fuel_percent = fuel_percent

    def _with_fuel(self, cost):
        return cost + cost * self.fuel_percent // 100

    def quote(self, zone, kilos, girth, express=False):
        weight = math.ceil(kilos)
        cost = self.base + self.per_kilo * weight
        if zone == "domestic":
            if girth > BULKY_GIRTH:
                cost += 1250
            if express:
                cost += 590
        elif zone == "islands":
            cost += 690
            if girth > BULKY_GIRTH:
                if express:
                    raise ValueError("no express service for bulky parcels to the islands")
                cost += 1800
                if weight > HEAVY:
                    cost += 75 * (weight - HEAVY)
            elif express:
                cost += 1490
        elif zone == "europe":
            cost += 450 + (990 if express else 0)
            if girth > BULKY_GIRTH:
                cost += 2900
        else:
            raise ValueError(f"unknown zone: {zone}")
        return self._with_fuel(cost)
