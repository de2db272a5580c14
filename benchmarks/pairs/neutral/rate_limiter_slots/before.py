"""Token bucket that limits the calls of an API client."""


class TokenBucket:
    def __init__(self, capacity, per_second, now=0.0):
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        self.per_second = per_second
        self.tokens = capacity
        self.updated = now
        self.denied = 0

    def take(self, now, amount=1):
        if now > self.updated:
            refilled = self.tokens + (now - self.updated) * self.per_second
            self.tokens = min(self.capacity, refilled)
            self.updated = now
        if amount > self.tokens:
            self.denied += 1
            return False
        self.tokens -= amount
        return True
