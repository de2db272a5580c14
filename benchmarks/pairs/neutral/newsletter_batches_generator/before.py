"""Packs the recipients of a newsletter into batches for the mail gateway."""


def plan_batches(recipients, per_batch=50):
    if per_batch < 1:
        raise ValueError("a batch holds at least one recipient")
    batches = []
    current = []
    domains = set()
    for address in recipients:
        domain = address.rpartition("@")[2].lower()
        if len(current) == per_batch or (domain in domains and len(domains) > 2):
            batches.append({"size": len(current), "to": current, "domains": sorted(domains)})
            current = []
            domains = set()
        current.append(address)
        domains.add(domain)
    if current:
        batches.append({"size": len(current), "to": current, "domains": sorted(domains)})
    return batches
