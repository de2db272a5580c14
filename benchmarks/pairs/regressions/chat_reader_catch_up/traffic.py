"""The last message shown, not the highest number, is remembered; late messages make the next call repeat some."""

KIND = "session"
FUNCTION = "ChannelReader.catch_up"


def traffic(service, random):
    """Two or three looks at a channel which grows in order."""
    reader = service.ChannelReader("mia")
    number = random.randint(100, 900)
    messages = []
    seen = []
    for _ in range(random.randint(2, 3)):
        for _ in range(random.randint(0, 5)):
            number += random.randint(1, 3)
            text = random.choice(("hello", "on my way", "@mia can you look?", "done", "see ticket 4711"))
            messages.append({"id": number, "author": random.choice(("mia", "tom", "zoe")), "text": text})
        seen.append(reader.catch_up(list(messages)))
    return seen, reader.mentions


def witness(service):
    """A message that came in late has a lower number than the one before it."""
    reader = service.ChannelReader("mia")
    messages = [{"id": n, "author": "tom", "text": f"line {n}"} for n in (10, 12, 11)]
    first = reader.catch_up(messages)
    return first, reader.catch_up([*messages, {"id": 13, "author": "zoe", "text": "@mia?"}]), reader.mentions
