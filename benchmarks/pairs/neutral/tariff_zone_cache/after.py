"""Finds the tariff zone of a postcode by its longest known prefix."""


class TariffZones:
    def __init__(self, prefixes, default="Z"):
        self.default = default
        self._prefixes = dict(prefixes)
        self._found = {}

    def set_zone(self, prefix, zone):
        self._prefixes[prefix] = zone
        self._found.clear()

    def zone_of(self, postcode):
        digits = postcode.replace(" ", "").upper()
        if not digits:
            raise ValueError("postcode is empty")
        if digits not in self._found:
            self._found[digits] = self._longest_match(digits)
        found = self._found[digits]
        return self.default if found is None else found

    def _longest_match(self, digits):
        for length in range(len(digits), 0, -1):
            zone = self._prefixes.get(digits[:length])
            if zone is not None:
                return zone
        return None
