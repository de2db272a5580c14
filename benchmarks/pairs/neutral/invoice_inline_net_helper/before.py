"""Turns the positions of an invoice into net, tax and gross amounts in cents."""

TAX_PERMILLE = {"standard": 190, "reduced": 70, "exempt": 0}


def _net(position):
    rebate = position.get("rebate_cents") or 0
    return position["quantity"] * position["price_cents"] - rebate


def _tax(net, permille):
    return (net * permille + 500) // 1000


def invoice_totals(positions):
    net_by_class = {}
    for position in positions:
        tax_class = position.get("tax_class", "standard")
        if tax_class not in TAX_PERMILLE:
            raise ValueError(f"unknown tax class: {tax_class}")
        net_by_class[tax_class] = net_by_class.get(tax_class, 0) + _net(position)
    taxes = {name: _tax(net, TAX_PERMILLE[name]) for name, net in net_by_class.items()}
    net = sum(net_by_class.values())
    return {"net": net, "taxes": taxes, "gross": net + sum(taxes.values())}
