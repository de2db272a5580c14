"""Works out which tags to add to and take from a product."""


class TagSync:
    def __init__(self, pinned=()):
        self.pinned = frozenset(pinned)

    @staticmethod
    def _clean(tags):
        return {tag.strip().lower() for tag in tags if tag and tag.strip()}

    def plan(self, current, wanted):
        current = self._clean(current)
        wanted = self._clean(wanted)
        add = wanted - current
        remove = current - wanted - self.pinned
        return {"add": sorted(add), "remove": sorted(remove), "unchanged": not add and not remove}
