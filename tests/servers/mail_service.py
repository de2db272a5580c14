"""An SMTP server as a program: `mail_service.py PORT PASSWORD`. It knows the user `shop`, and no user `nobody`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult


class _Handler:
    """Takes mails, and forgets them."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """Take a recipient, unless it is nobody."""
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a message."""
        return f"250 {len(envelope.content)} bytes for {len(envelope.rcpt_tos)}"


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (b"shop", sys.argv[2].encode()), handled=False)


async def serve(port: int) -> None:
    """Serve for as long as the process lives."""

    def session() -> SMTP:
        return SMTP(_Handler(), hostname="mail", authenticator=_authenticate, auth_require_tls=False)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
