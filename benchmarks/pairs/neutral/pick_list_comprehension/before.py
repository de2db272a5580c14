"""Collects what the warehouse has to pick for the paid orders of a wave."""


def pick_list(orders, bins, skip_reserved=True):
    picks = []
    for order in orders:
        if order["status"] == "paid":
            for item in order["items"]:
                if skip_reserved and item.get("reserved"):
                    continue
                if item["qty"] > 0:
                    location = bins.get(item["sku"], "UNKNOWN")
                    picks.append((location, item["sku"], item["qty"], order["id"]))
    picks.sort()
    return picks
