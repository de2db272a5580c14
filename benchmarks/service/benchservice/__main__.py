"""Serve: `python -m benchservice`; prints the address, ends in order on SIGTERM."""

from __future__ import annotations

import signal
from types import FrameType

from waitress import create_server  # type: ignore[import-untyped]  # waitress publishes no types

from benchservice.web import app


def main() -> int:
    signal.signal(signal.SIGTERM, stop)
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()
    return 0


def stop(_signal: int, _frame: FrameType | None) -> None:
    """waitress finishes the requests that are being answered."""
    raise SystemExit(0)


if __name__ == "__main__":
    raise SystemExit(main())
