"""Names of folders in lower-case letters alone, of one length.

What a service makes of a path (its parts by digits, by `_`, its length) then has the same shape in each replay.
"""

from __future__ import annotations

import os
import tempfile
from string import ascii_lowercase

WIDTH = 8
"""Letters: more values than `pid_max` allows processes (proc_sys_kernel(5): at most 2**22)."""


def letters(number: int) -> str:
    """A number that is less than 26 ** WIDTH, as letters."""
    digits = []
    for _position in range(WIDTH):
        number, digit = divmod(number, len(ascii_lowercase))
        digits.append(ascii_lowercase[digit])
    return "".join(reversed(digits))


def make_folder(prefix: str) -> str:
    """Make a folder in the one for temporary files that nobody else has or may enter; raises `OSError`."""
    name = letters(int.from_bytes(os.urandom(8), "big") % len(ascii_lowercase) ** WIDTH)
    folder = os.path.join(tempfile.gettempdir(), prefix + name)
    os.mkdir(folder, 0o700)  # one of 200 billion: that it is there already is no case to provide for
    return folder
