"""Functions of the standard library, taken when the recorder starts: before anyone could patch them.

What the recorder loads later takes them from here. The service, a test that it runs, a boundary of this recorder or
gevent may have put others in their places meanwhile.
"""

from __future__ import annotations

import os
import time
from _thread import get_ident

__all__ = ["get_ident", "getpid", "kill", "monotonic", "stat", "thread_time", "time_now", "urandom"]

getpid, kill, stat, urandom = os.getpid, os.kill, os.stat, os.urandom
monotonic, thread_time, time_now = time.monotonic, time.thread_time, time.time
