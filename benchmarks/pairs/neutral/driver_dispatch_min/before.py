"""Sends the nearest free taxi to a customer."""


class Dispatch:
    def __init__(self, drivers):
        self.drivers = drivers

    def _blocks(self, driver, x, y):
        return abs(driver["x"] - x) + abs(driver["y"] - y)

    def assign(self, x, y, seats=1):
        if seats < 1:
            raise ValueError("nobody wants to ride")
        best = None
        best_rank = None
        for driver in self.drivers:
            if not driver["free"] or driver["seats"] < seats:
                continue
            rank = (self._blocks(driver, x, y), driver["rides_today"])
            if best is None or rank < best_rank:
                best = driver
                best_rank = rank
        if best is None:
            return None
        best["free"] = False
        best["rides_today"] += 1
        return best["name"], best_rank[0]
