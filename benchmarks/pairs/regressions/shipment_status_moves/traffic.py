"""Cancelling a packed shipment no longer puts the goods back into stock."""

KIND = "transition"
FUNCTION = "Shipment.move"


def traffic(service, random):
    """A shipment on its usual way, sometimes called off before it is packed."""
    items = {f"P{random.randint(10, 99)}": random.randint(1, 4) for _ in range(random.randint(1, 4))}
    shipment = service.Shipment(items)
    steps = ["picked", "packed", "in transit", "delivered"][: random.randint(1, 4)]
    if random.random() < 0.1:
        steps = random.choice((["cancelled"], ["picked", "cancelled"]))
    moved = [shipment.move(step) for step in steps]
    return moved, shipment.status, shipment.restock, shipment.log


def witness(service):
    """Called off after packing."""
    shipment = service.Shipment({"P10": 2}, status="packed")
    return shipment.move("cancelled", "by phone"), shipment.restock
