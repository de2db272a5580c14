"""Checks new passwords against the policy of the company."""

import string

FORBIDDEN_WORDS = ("password", "letmein", "qwerty", "welcome")
NEEDED_CLASSES = 3
DEFAULT_MIN_LENGTH = 10
SPECIALS = frozenset("!$%&/()=?+*#-_.,;:")


class PasswordPolicy:
    def __init__(self, min_length=None):
        self.min_length = min_length

    def problems(self, password, user_name, previous=()):
        smallest = DEFAULT_MIN_LENGTH if self.min_length is None else self.min_length
        found = []
        if len(password) < smallest:
            found.append(f"shorter than {smallest} characters")
        lowered = password.lower()
        found.extend(f"contains {word!r}" for word in FORBIDDEN_WORDS if word in lowered)
        if user_name and user_name.lower() in lowered:
            found.append("contains the user name")
        kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SPECIALS)
        classes = sum(any(c in kind for c in password) for kind in kinds)
        if classes < NEEDED_CLASSES:
            found.append(f"uses {classes} of the {NEEDED_CLASSES} kinds of characters needed")
        if password in previous:
            found.append("was used before")
        return found
