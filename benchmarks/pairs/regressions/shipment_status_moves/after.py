"""Status of a shipment from the order to the doorstep."""

MOVES = {
    "new": ("picked", "cancelled"),
    "picked": ("packed", "cancelled"),
    "packed": ("in transit", "cancelled"),
    "in transit": ("delivered", "returned"),
    "delivered": ("returned",),
}


class Shipment:
    def __init__(self, items, status="new"):
        self.items = dict(items)
        self.status = status
        self.restock = {}
        self.log = []

    def move(self, target, note=""):
        if target == self.status:
            return False
        if target not in MOVES.get(self.status, ()):
            raise ValueError(f"cannot go from {self.status} to {target}")
        if target == "returned" or (target == "cancelled" and self.status == "picked"):
            for sku, quantity in self.items.items():
                self.restock[sku] = self.restock.get(sku, 0) + quantity
        self.log.append(f"{self.status} -> {target}{': ' + note if note else ''}")
        self.status = target
        return True
