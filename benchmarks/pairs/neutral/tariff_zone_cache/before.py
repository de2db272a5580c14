"""Finds the tariff zone of a postcode by its longest known prefix."""


class TariffZones:
    def __init__(self, prefixes, default="Z"):
        self.default = default
        self._prefixes = dict(prefixes)

    def set_zone(self, prefix, zone):
        self._prefixes[prefix] = zone

    def zone_of(self, postcode):
        digits = postcode.replace(" ", "").upper()
        if not digits:
            raise ValueError("postcode is empty")
        for length in range(len(digits), 0, -1):
            zone = self._prefixes.get(digits[:length])
            if zone is not None:
                return zone
        return self.default
