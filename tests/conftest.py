"""What all tests share: pytest's own harness for plugins, and no compiled files."""

from __future__ import annotations

import sys

pytest_plugins = ["pytester"]

# Many versions of one file come and go within a second: Python must not take one for another.
sys.dont_write_bytecode = True
