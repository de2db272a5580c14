"""Recording the corpus, in a process of its own that runs in the folder with the older version.

    python recorder.py ORDER     a JSON file: baseline, store, include, uses, seed, and the traffic of each module

The last line that it prints is a JSON object: `traces` kept of each module, what was `lost`, and the `summary`.
"""

from __future__ import annotations

import importlib
import json
import random
import runpy
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from pytest_runtime.recorders.options import RecordOptions
from pytest_runtime.recorders.recording import Recording
from pytest_runtime.recorders.store.open import open_reader

REST_SECONDS = 0.1
"""Between two pairs, so that the recorder's bounded queue is never full."""


def main(order: dict[str, Any]) -> int:
    sys.path.insert(0, str(Path.cwd()))
    include = (order["include"],)
    options = RecordOptions(baseline=order["baseline"], store=order["store"], include=include, sample="all")
    recording = Recording(options)
    recording.start()
    try:
        for module, file in order["traffic"].items():
            use(module, file, order["uses"], order["seed"])
            time.sleep(REST_SECONDS)
    finally:
        recording.stop()
    summary = recording.summary()
    lost = "nothing dropped" not in summary
    print(json.dumps({"traces": kept(order["store"]), "lost": lost, "summary": summary}))
    return 0


def use(module: str, file: str, uses: int, seed: int) -> None:
    """Use one module as its traffic does, an exception now and then included."""
    service, traffic = importlib.import_module(module), runpy.run_path(file)["traffic"]
    for number in range(uses):
        try:
            traffic(service, random.Random(f"{seed} {module} {number}"))
        except Exception as error:  # noqa: BLE001  # what the service raises is recorded as any outcome
            print(f"{module}: {type(error).__name__}: {error}", file=sys.stderr)


def kept(store: str) -> Counter[str]:
    """Traces that can be read, by the module of their entry."""
    reader = open_reader(store)
    try:
        return Counter(one.entry.partition(":")[0] for one in reader.traces() if one.trace is not None)
    finally:
        reader.close()


if __name__ == "__main__":
    raise SystemExit(main(json.loads(Path(sys.argv[1]).read_text())))
