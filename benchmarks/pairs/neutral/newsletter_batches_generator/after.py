"""Packs the recipients of a newsletter into batches for the mail gateway."""


def _cut(recipients, per_batch):
    current, domains = [], set()
    for address in recipients:
        domain = address.rpartition("@")[2].lower()
        if len(current) == per_batch or (domain in domains and len(domains) > 2):
            yield current, domains
            current, domains = [], set()
        current.append(address)
        domains.add(domain)
    if current:
        yield current, domains


def plan_batches(recipients, per_batch=50):
    if per_batch < 1:
        raise ValueError("a batch holds at least one recipient")
    return [{"size": len(to), "to": to, "domains": sorted(domains)} for to, domains in _cut(recipients, per_batch)]
