"""Registers user names so that look-alike spellings collide."""

import unicodedata


class NameRegistry:
    def __init__(self, reserved=("admin", "root", "support")):
        self._owners = {}
        for name in reserved:
            self._owners[self._key(name)] = None

    @staticmethod
    def _key(name):
        return unicodedata.normalize("NFKC", name).lower().replace(".", "").replace("_", "")

    def register(self, name, owner):
        name = name.strip()
        if not 3 <= len(name) <= 30:
            raise ValueError("name must have 3 to 30 characters")
        key = self._key(name)
        if key in self._owners:
            return False
        self._owners[key] = owner
        return True

    def owner(self, name):
        return self._owners.get(self._key(name.strip()))
