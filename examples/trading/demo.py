"""The main job in one command: record the trading service under traffic, replay that on every change in `changes/`.

    python examples/trading/demo.py

Everything is written to a temporary directory. Exits with 0 when each breaking change was found at the function that
causes it, and each harmless change, and the unchanged code, was found to be the same.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.append(str(FOLDER.parent))  # for what the examples share

from demonstration import (  # noqa: E402
    Example,
    Scratch,
    forget_data,
    free_port,
    helper_service,
    main,
    recorded_service,
    run_script,
    say,
)


def record(scratch: Scratch) -> dict[str, str]:
    """Record the traffic; returns the environment that the service ran in. No replay here needs it."""
    with helper_service("fraud_service.py", scratch) as fraud_url:
        database = str(scratch.data / "trading.db")
        environ = {**os.environ, "TRADING_DATABASE": database, "TRADING_FRAUD_URL": fraud_url}
        say("seeding the database")
        run_script(scratch, environ, "-m", "trading.seed")
        say("recording the service as baseline staging")
        port = free_port()
        with recorded_service(scratch, environ, ("-m", "trading", "--port", str(port)), port) as url:
            say("sending the traffic")
            run_script(scratch, environ, "traffic.py", url)
            say("stopping the service")
    forget_data(scratch)
    return environ


TRADING = Example(
    folder=FOLDER,
    copied=("trading", "fraud_service.py", "traffic.py", "pyproject.toml"),
    record=record,
    goals="Record the trading service, then replay every change.",
)


if __name__ == "__main__":
    raise SystemExit(main(TRADING))
