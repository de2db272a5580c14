"""Prices a caterer shows to a client: list prices, this week's offers and agreed prices."""


def effective_prices(listed, offers=None, agreed=None):
    # what was agreed with the client stands, whatever is on offer
    prices = {**listed, **(offers or {}), **(agreed or {})}
    return {dish: cents for dish, cents in prices.items() if dish in listed}


def quote_event(guests, dishes, listed, offers=None, agreed=None):
    prices = effective_prices(listed, offers, agreed)
    missing = [dish for dish in dishes if dish not in prices]
    if missing:
        raise KeyError(missing[0])
    per_head = sum(prices[dish] for dish in dishes)
    total = per_head * guests
    if guests >= 50:
        total -= total * 3 // 100
    return {"per_head": per_head, "total": total}
