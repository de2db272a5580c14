"""A placeholder that lacks a value twice is named twice in the error."""

KIND = "exception"
FUNCTION = "render"

TEMPLATES = [
    "Hello {{ name }}, your order {{ order }} has been sent.",
    "Dear {{name}}, please pay {{amount}} for order {{order}}.",
    "{{ name }}, your parcel arrives on {{ day }}.",
]


def traffic(service, random):
    """Fill a template."""
    context = {
        "name": random.choice(["Anna", "Paul", "Lena", "Omar"]),
        "order": random.randint(10000, 99999),
        "amount": f"{random.uniform(5, 250):.2f} EUR",
        "day": random.choice(["Monday", "Tuesday", "Friday"]),
    }
    if random.random() < 0.1:
        del context[random.choice(["amount", "day"])]
    try:
        return service.render(random.choice(TEMPLATES), context)
    except service.TemplateError as error:
        return str(error)


def witness(service):
    """Fill a template that names a missing field twice."""
    try:
        return service.render("{{ code }} for {{ name }}: enter {{ code }}", {"name": "Anna"})
    except service.TemplateError as e:
        return type(e).__name__, str(e)
