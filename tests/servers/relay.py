"""A relay before a server: closing it stops the server for those who know only the relay."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

from .launch import free_port


class Relay:
    """Passes bytes on between a port of its own and that of a server."""

    def __init__(self, server: int) -> None:
        self._server = server
        self.port = free_port()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.connections = 0
        """How many were accepted so far."""
        self.closed: ClosedPort | None = None
        """Its port, once it was stopped."""
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._server), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [client, server]
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._pass_on({client: server, server: client})
        for one in (client, server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _pass_on(self, other: dict[socket.socket, socket.socket]) -> None:
        """Until either side has said everything."""
        while True:
            for one in select.select(list(other), [], [])[0]:
                data = one.recv(65536)
                if not data:
                    return
                other[one].sendall(data)

    def stop(self) -> None:
        """Refuse what connects from now on, and cut what is connected."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self.closed is None:
            self.closed = ClosedPort(self.port)
        self._thread.join(5)
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class ClosedPort:
    """A port of the loopback interface where nobody listens, and that nobody else is given meanwhile."""

    def __init__(self, port: int = 0) -> None:
        self.held = socket.socket()
        self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.held.bind(("127.0.0.1", port))
        self.port: int = self.held.getsockname()[1]

    def close(self) -> None:
        """Give it away."""
        self.held.close()


class Tripwire:
    """Listens where a server was, and counts who comes."""

    def __init__(self, port: int | ClosedPort) -> None:
        """Of a closed port it takes over the socket: there is no moment at which somebody else could have it."""
        if isinstance(port, ClosedPort):
            self._listener = port.held
            self._listener.listen()
        else:
            self._listener = socket.create_server(("127.0.0.1", port))
        self.visitors = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            self.visitors += 1
            client.close()

    def __enter__(self) -> Tripwire:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
