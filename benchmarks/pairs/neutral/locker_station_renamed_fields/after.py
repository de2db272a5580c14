"""Parcel lockers: puts a parcel into the smallest free compartment it fits."""

SIZES = ["S", "M", "L", "XL"]


class LockerStation:
    def __init__(self, compartments):
        self._vacancies = dict(compartments)
        self._compartment_of = {}

    def deposit(self, parcel_id, size):
        if size not in SIZES:
            raise ValueError(f"no such size: {size}")
        if parcel_id in self._compartment_of:
            raise ValueError(f"parcel {parcel_id} is already here")
        for candidate in SIZES[SIZES.index(size) :]:
            if self._vacancies.get(candidate, 0) > 0:
                self._vacancies[candidate] -= 1
                self._compartment_of[parcel_id] = candidate
                return candidate
        return None

    def collect(self, parcel_id):
        compartment = self._compartment_of.pop(parcel_id)
        self._vacancies[compartment] += 1
        return compartment

    def free(self):
        return {size: count for size, count in self._vacancies.items() if count}
