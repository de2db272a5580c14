"""Sends the nearest free taxi to a customer."""


class Dispatch:
    def __init__(self, drivers):
        self.drivers = drivers

    def _blocks(self, driver, x, y):
        return abs(driver["x"] - x) + abs(driver["y"] - y)

    def assign(self, x, y, seats=1):
        if seats < 1:
            raise ValueError("nobody wants to ride")
        candidates = (driver for driver in self.drivers if driver["free"] and driver["seats"] >= seats)
        best = min(candidates, key=lambda driver: (self._blocks(driver, x, y), driver["rides_today"]), default=None)
        if best is None:
            return None
        best["free"] = False
        best["rides_today"] += 1
        return best["name"], self._blocks(best, x, y)
