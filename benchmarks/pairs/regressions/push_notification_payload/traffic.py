"""The limit in bytes is compared with the number of characters."""

KIND = "bytes"
FUNCTION = "clip"

TEXT = "your order has been shipped and will arrive on Monday please check the delivery address before noon"


def traffic(service, random):
    """A notification in English, sometimes too long."""
    title = random.choice(("Order shipped", "Payment received", "New message", "Your booking is confirmed"))
    words = TEXT.split()
    body = " ".join(random.choice(words) for _ in range(random.randint(5, 30)))
    badge = random.choice((None, None, 1, 2, 5))
    return service.build_push(f"dev-{random.randint(1, 9999):04d}", title, body, badge)


def witness(service):
    """A Greek title with fewer characters than bytes."""
    return service.build_push("dev-0001", "Η παραγγελία σας έχει αποσταλεί", "ok")  # noqa: RUF001
