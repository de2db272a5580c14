"""Time that a scratch copy of a project takes, by number of files.

python -m benchmarks.scratch_copy [--files 5000] [--size 4000] [--times 5]
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pytest_runtime.replay.execute.scratch_copy import copy_tree

FILES_A_FOLDER = 25


def make_project(folder: Path, *, files: int, size: int) -> None:
    """A tree of `files` files of `size` bytes on average, in folders of a package's usual width."""
    drawn = random.Random(1)
    for number in range(files):
        place = folder / f"package{number // FILES_A_FOLDER // 10}" / f"part{number // FILES_A_FOLDER}"
        if number % FILES_A_FOLDER == 0:
            place.mkdir(parents=True)
        (place / f"module{number}.py").write_bytes(drawn.randbytes(drawn.randint(0, 2 * size)))


def measure(source: Path, times: int) -> list[float]:
    """Seconds of each of several copies."""
    taken = []
    for _time in range(times):
        with tempfile.TemporaryDirectory() as name:
            started = time.perf_counter()
            copy_tree(str(source), f"{name}/copy")
            taken.append(time.perf_counter() - started)
    return taken


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the median and the longest time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--size", type=int, default=4000, help="bytes of a file on average")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp())
    try:
        make_project(folder, files=options.files, size=options.size)
        taken = measure(folder, options.times)
    finally:
        shutil.rmtree(folder)
    print(f"{options.files} files: median {statistics.median(taken):.3f} s, longest {max(taken):.3f} s")


if __name__ == "__main__":
    main()
