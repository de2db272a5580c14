"""Collects what the warehouse has to pick for the paid orders of a wave."""


def pick_list(orders, bins, skip_reserved=True):
    return sorted(
        (bins.get(item["sku"], "UNKNOWN"), item["sku"], item["qty"], order["id"])
        for order in orders
        if order["status"] == "paid"
        for item in order["items"]
        if not (skip_reserved and item.get("reserved")) and item["qty"] > 0
    )
