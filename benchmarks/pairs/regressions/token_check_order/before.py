"""Checks access tokens against what a request needs."""


class AccessDenied(Exception):
    pass


class TokenGate:
    def __init__(self, issuer, leeway=30):
        self.issuer = issuer
        self.leeway = leeway
        self.revoked = set()

    def check(self, token, scope, now):
        if token["iss"] != self.issuer:
            raise AccessDenied("foreign token")
        if token["id"] in self.revoked:
            raise AccessDenied("token revoked")
        if token["exp"] + self.leeway < now:
            raise AccessDenied("token expired")
        if scope not in token["scopes"]:
            raise AccessDenied(f"missing scope {scope}")
        return {"user": token["sub"], "scope": scope, "expires_in": token["exp"] - now}
