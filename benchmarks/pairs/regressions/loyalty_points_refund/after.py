"""Keeps the balance of a customer's loyalty points."""

import math


class LoyaltyLedger:
    def __init__(self, euros_per_point=2.0, bonus_tiers=()):
        self.euros_per_point = euros_per_point
        self.bonus_tiers = sorted(bonus_tiers, reverse=True)
        self.entries = []

    @property
    def balance(self):
        return sum(points for _, points in self.entries)

    def multiplier(self):
        for threshold, factor in self.bonus_tiers:
            if self.balance >= threshold:
                return factor
        return 1

    def book(self, reference, amount):
        points = math.trunc(amount * self.multiplier() / self.euros_per_point)
        if points:
            self.entries.append((reference, points))
        return points
