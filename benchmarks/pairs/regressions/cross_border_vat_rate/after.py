"""Chooses the VAT rate of an invoice line sold across borders."""

from decimal import Decimal

RATES = {"DE": Decimal("19"), "FR": Decimal("20"), "AT": Decimal("20"), "ES": Decimal("21"), "HU": Decimal("27")}
DISTANCE_LIMIT = Decimal("10000")


class Seller:
    def __init__(self, country, distance_sales=Decimal(0)):
        self.country = country
        self.distance_sales = distance_sales

    def rate_for(self, buyer_country, net, vat_id=None, kind="goods"):
        home = RATES[self.country]
        if buyer_country == self.country:
            return home, "domestic"
        if buyer_country not in RATES:
            return Decimal(0), "export"
        if vat_id:
            if not vat_id.upper().startswith(buyer_country):
                raise ValueError(f"VAT number {vat_id} is not from {buyer_country}")
            return Decimal(0), "reverse charge"
        if kind == "event":
            return home, "place of performance"
        if self.distance_sales > DISTANCE_LIMIT:
            return RATES[buyer_country], "destination"
        return home, "small seller"
