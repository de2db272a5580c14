"""Serve: `python -m trading --port 8000`."""

from __future__ import annotations

import argparse
import logging
import signal
from types import FrameType

from waitress import create_server  # type: ignore[import-untyped]  # waitress publishes no types

from trading.web import create_app


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m trading", description="The trade execution service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=6)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, stop)
    server = create_server(create_app(), host=options.host, port=options.port, threads=options.threads)
    print(f"trading listens on http://{options.host}:{server.effective_port}", flush=True)
    server.run()
    return 0


def stop(_signal: int, _frame: FrameType | None) -> None:
    """waitress ends its loop in order on SystemExit: requests that are being answered are finished."""
    raise SystemExit(0)


if __name__ == "__main__":
    raise SystemExit(main())
