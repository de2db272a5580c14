"""Converts amounts between currencies by way of the euro."""


def convert(cents, source, target, rates):
    if source == target:
        return cents
    try:
        from_rate = rates[source]
    except KeyError:
        raise KeyError(f"no rate for {source}") from None
    try:
        to_rate = rates[target]
    except KeyError:
        raise KeyError(f"no rate for {target}") from None
    if from_rate <= 0:
        raise ValueError(f"rate of {source} is not positive")
    return round(cents / from_rate * to_rate)
