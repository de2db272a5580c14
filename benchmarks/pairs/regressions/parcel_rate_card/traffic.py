"""Bulky and heavy parcels to the islands pay for every kilo instead of those above the limit."""

KIND = "deep branch"
FUNCTION = "RateCard.quote"


def traffic(service, random):
    """A parcel of ordinary size, mostly within the country."""
    card = service.RateCard(random.choice((390, 420)), random.randint(18, 35), random.choice((0, 4, 7)))
    zone = random.choices(("domestic", "europe", "islands"), (75, 20, 5))[0]
    kilos = random.randint(3, 240) / 10
    girth = 310 if random.random() < 0.03 else random.randint(60, 240)
    express = random.random() < 0.15 and girth < 300
    return card.quote(zone, kilos, girth, express=express)


def witness(service):
    """Something long and heavy for the islands."""
    return service.RateCard(390, 20, 5).quote("islands", 26.4, 320)
