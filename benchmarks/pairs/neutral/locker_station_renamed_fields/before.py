"""Parcel lockers: puts a parcel into the smallest free compartment it fits."""

SIZES = ["S", "M", "L", "XL"]


class LockerStation:
    def __init__(self, compartments):
        self._free = dict(compartments)
        self._taken = {}

    def deposit(self, parcel_id, size):
        if size not in SIZES:
            raise ValueError(f"no such size: {size}")
        if parcel_id in self._taken:
            raise ValueError(f"parcel {parcel_id} is already here")
        for s in SIZES[SIZES.index(size) :]:
            if self._free.get(s, 0) > 0:
                self._free[s] -= 1
                self._taken[parcel_id] = s
                return s
        return None

    def collect(self, parcel_id):
        s = self._taken.pop(parcel_id)
        self._free[s] += 1
        return s

    def free(self):
        return {s: n for s, n in self._free.items() if n}
