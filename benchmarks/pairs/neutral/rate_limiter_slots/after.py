"""Token bucket that limits the calls of an API client."""


class TokenBucket:
    __slots__ = ("capacity", "denied", "per_second", "tokens", "updated")

    def __init__(self, capacity, per_second, now=0.0):
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        self.per_second = per_second
        self.tokens = capacity
        self.updated = now
        self.denied = 0

    def take(self, now, amount=1):
        elapsed = now - self.updated
        if elapsed > 0:
            self.tokens = min(self.capacity, self.tokens + elapsed * self.per_second)
            self.updated = now
        granted = amount <= self.tokens
        if granted:
            self.tokens -= amount
        else:
            self.denied += 1
        return granted
