"""Converts amounts between currencies by way of the euro."""


def convert(cents, source, target, rates):
    if source == target:
        return cents
    if source not in rates:
        raise KeyError(f"no rate for {source}")
    if target not in rates:
        raise KeyError(f"no rate for {target}")
    if rates[source] <= 0:
        raise ValueError(f"rate of {source} is not positive")
    return round(cents / rates[source] * rates[target])
