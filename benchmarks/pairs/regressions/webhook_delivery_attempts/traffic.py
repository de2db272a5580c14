"""The last of the promised attempts is never made."""

KIND = "retries"
FUNCTION = "deliver"


def traffic(service, random):
    """A delivery that succeeds at once or after a hiccup."""
    answers = [200]
    if random.random() < 0.25:
        answers = [random.choice((500, 502, 503)), 202]
    event = {"id": f"evt_{random.randint(1, 99999):05d}", "type": random.choice(("order.paid", "order.shipped"))}
    pauses = []
    result = service.deliver(lambda _: answers.pop(0), event, pause=pauses.append)
    return result, pauses


def witness(service):
    """A subscriber who answers at the last attempt."""
    answers = [503, 503, 502, 200]
    return service.deliver(lambda _: answers.pop(0), {"id": "evt_1", "type": "order.paid"})
