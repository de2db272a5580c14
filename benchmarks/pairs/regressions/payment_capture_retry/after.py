"""Captures authorised card payments, trying again when the acquirer has a hiccup."""


class AcquirerError(Exception):
    def __init__(self, status, message=""):
        super().__init__(message or f"acquirer answered {status}")
        self.status = status


def is_transient(error):
    return error.status in (429, 500, 502, 503)


def capture(charge, authorisation, amount, tries=3):
    if amount <= 0:
        raise ValueError("nothing to capture")
    tried = 0
    while True:
        tried += 1
        try:
            reference = charge(authorisation, amount)
        except AcquirerError as error:
            if not is_transient(error) or tried >= tries:
                raise
        else:
            return {"reference": reference, "amount": amount, "tried": tried}
