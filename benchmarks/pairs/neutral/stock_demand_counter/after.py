"""Checks the demand of incoming orders against the stock."""

from collections import Counter


class StockCheck:
    def __init__(self, on_hand):
        self.on_hand = on_hand

    def shortages(self, order_lines):
        demand = Counter()
        orders = Counter()
        for order_id, sku, quantity in order_lines:
            if quantity < 0:
                raise ValueError(f"order {order_id}: negative quantity of {sku}")
            demand[sku] += quantity
            orders[sku] += 1
        short = {}
        for sku, wanted in demand.items():
            available = self.on_hand.get(sku, 0)
            if wanted > available:
                short[sku] = {"missing": wanted - available, "orders": orders[sku]}
        return short
