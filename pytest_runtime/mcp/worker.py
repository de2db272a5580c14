"""The process of one job: reads a request, replays, and answers in lines of JSON.

`{"progress": …}` and `{"say": …}` while it works, and in the end `{"result": …}` or `{"failed": …}`. It ends when its
standard input does, because then the server is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import IO, Any, TypeAlias

from ..recorders.errors import RuntimeBaselineError
from ..recorders.model.printable import in_line
from ..replay.execute.plan import CannotReplay
from .validating import Reporter, simulate, steps, validate

GRACE = 5.0
"""Seconds in which it ends by itself once the server is gone."""

Work: TypeAlias = Callable[[Mapping[str, Any], Reporter], bytes]
"""Does what a request asks for; gives the result as JSON."""

WORK: Mapping[str, Work] = {"validation": validate, "simulation": simulate, "steps": steps}


def main() -> int:
    """Do one job."""
    signal.signal(signal.SIGTERM, _end)
    out = _claim_output()
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_server, daemon=True).start()
    lock = threading.Lock()

    def send(name: str, encoded: bytes) -> None:
        with lock:
            out.write(b'{"%s": %s}\n' % (name.encode(), encoded))
            out.flush()

    def line(name: str) -> Callable[[str], None]:
        return lambda text: send(name, json.dumps(in_line(text)).encode())

    try:
        result = WORK[request["kind"]](request, Reporter(line("say"), line("progress")))
    except (RuntimeBaselineError, CannotReplay) as error:
        line("failed")(str(error))
        return 1
    send("result", result)
    return 0


def _claim_output() -> IO[bytes]:
    """What goes to the server; whatever else is printed in this process goes to the standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)  # runs of replays end their processes and remove their scratch copies on the way out


def _end_with_server() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)  # nobody else is there to do it


if __name__ == "__main__":
    sys.exit(main())
