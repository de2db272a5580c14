"""An offer now beats the price agreed with the client."""

KIND = "precedence"
FUNCTION = "effective_prices"


def traffic(service, random):
    """An event with two to four dishes; the offer is on a dish without an agreed price."""
    dishes = ["soup", "quiche", "curry", "salad", "tart", "cheese"]
    listed = {dish: random.randint(350, 1450) for dish in dishes}
    offers = {"tart": listed["tart"] - 100} if random.random() < 0.4 else None
    agreed = {"curry": listed["curry"] - random.randint(20, 90)} if random.random() < 0.3 else None
    chosen = random.sample(dishes, random.randint(2, 4))
    return service.quote_event(random.randint(12, 90), chosen, listed, offers, agreed)


def witness(service):
    """The same dish is on offer and has an agreed price."""
    return service.quote_event(20, ["soup"], {"soup": 500, "tart": 400}, {"soup": 450}, {"soup": 420})
