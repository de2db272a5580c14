"""What stands in place of a socket behind a recorded world: nobody hears what is sent."""

from __future__ import annotations


class NoSocket:
    """A socket that is connected to nothing."""

    def sendall(self, data: bytes) -> None:
        """Nobody hears it."""

    def settimeout(self, seconds: float | None) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """There is nothing to close."""
