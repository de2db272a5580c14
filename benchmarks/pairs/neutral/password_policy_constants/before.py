"""Checks new passwords against the policy of the company."""


class PasswordPolicy:
    def __init__(self, min_length=None):
        self.min_length = min_length

    def problems(self, password, user_name, previous=()):
        forbidden = ["password", "letmein", "qwerty", "welcome"]
        needed = 3
        smallest = 10 if self.min_length is None else self.min_length
        found = []
        if len(password) < smallest:
            found.append(f"shorter than {smallest} characters")
        lowered = password.lower()
        found.extend(f"contains {word!r}" for word in forbidden if word in lowered)
        if user_name and user_name.lower() in lowered:
            found.append("contains the user name")
        classes = 0
        classes += any(c in "abcdefghijklmnopqrstuvwxyz" for c in password)
        classes += any(c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for c in password)
        classes += any(c in "0123456789" for c in password)
        classes += any(c in "!$%&/()=?+*#-_.,;:" for c in password)
        if classes < needed:
            found.append(f"uses {classes} of the {needed} kinds of characters needed")
        if password in previous:
            found.append("was used before")
        return found
