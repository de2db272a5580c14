"""Readable addresses for articles."""

import re
import unicodedata


class SlugRegistry:
    def __init__(self, taken=(), limit=60):
        self.taken = set(taken)
        self.limit = limit

    def _plain(self, title):
        text = unicodedata.normalize("NFKC", title)
        text = text.encode("ascii", "ignore").decode("ascii").lower()
        text = re.sub(r"['`]", "", text)
        return re.sub(r"[^a-z0-9]+", "-", text).strip("-")

    def claim(self, title):
        slug = self._plain(title)[: self.limit].rstrip("-") or "article"
        candidate, number = slug, 2
        while candidate in self.taken:
            candidate = f"{slug}-{number}"
            number += 1
        self.taken.add(candidate)
        return candidate
