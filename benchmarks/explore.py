"""Whether exploring finds what the recorded uses do not show: pairs of versions, the product, and its peers.

    python benchmarks/explore.py [--seeds N] [--part PART] [--only SLUG]... [--examples N] [--no-peers]
                                 [--crosshair PATH] [--ghostwriter PYTHON] [--out FOLDER]

- Regressions: how many are found near what was recorded (which fails the run), or far from it (which is listed).
- Neutral changes, which no caller can see: how many are flagged near (none should be), or listed far.
- CPU: what exploring takes on top of replaying, for each function that is explored. What it takes to start two more
  processes is in it: with few pairs it is most of it.
- Peers on the same pairs: the test that Hypothesis' ghostwriter writes, and `crosshair diffbehavior`.

The corpus is recorded anew under each seed; figures are means over the seeds. Ends with 1 when a bar is missed, or when
the witness of a regression does not tell its versions apart.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import figures
from exploring import corpus, listing, peers, product, project, tally
from exploring.corpus import ExploreFailed, Pair
from exploring.product import Round

SEEDS = 5
EXAMPLES = 200


def explored(pairs: Sequence[Pair], scratch: Path, seed: int, examples: int) -> Round:
    """Record under one seed, and let the product judge."""
    say(f"seed {seed}: recording {len(pairs)} pairs")
    place = project.set_up(pairs, scratch / f"seed-{seed}", seed)
    say(f"seed {seed}: replaying and exploring")
    found = product.judged(place, pairs, seed, examples)
    for part in dict.fromkeys(pair.part for pair in pairs):
        verdicts = [one.verdict for pair, one in found.found.items() if pair.part == part]
        say(f"seed {seed}: {part}: {verdicts.count('near')} near, {verdicts.count('far')} far, of {len(verdicts)}")
    say(f"seed {seed}: {1e3 * found.cpu_each:.0f} ms of CPU for each of {found.targets} functions")
    shutil.rmtree(place.folder)
    return found


def answers_of(pairs: Sequence[Pair], scratch: Path, options: argparse.Namespace) -> tally.Answers:
    """What the peers say."""
    bench = peers.bench_in(scratch / "peers", pairs)
    every: tuple[peers.Peer, ...] = (peers.Ghostwriter(options.ghostwriter), peers.CrossHair(options.crosshair))
    return {peer.name: peers.asked(peer, bench, pairs, note_of(peer.name)) for peer in every}


def note_of(name: str) -> peers.Note:
    def note(pair: Pair, answer: peers.Answer) -> None:
        say(f"  {name:12} {pair.part:12} {pair.slug:40} {answer.verdict}")

    return note


def report(pairs: Sequence[Pair], rounds: Sequence[Round], answers: tally.Answers, out: Path) -> int:
    """Print the table and the bars; 1 when one is missed."""
    listing.write(out, pairs, rounds, answers)
    print(figures.table(tally.table(pairs, rounds, answers)))
    for name, said in answers.items():
        if isinstance(said, str):
            print(f"{name}: {said}")
    print()
    status = figures.report(list(tally.figures(pairs, rounds)), as_json=False)
    print("\na bar is missed" if status else "\nevery bar is met")
    print(f"for reading: {out}")
    return status


def unreal(pairs: Sequence[Pair]) -> int:
    """Tell the regressions that are none; 1 when there are any."""
    found = corpus.unreal(pairs)
    for pair in found:
        print(f"no regression: {pair.slug}: its witness shows the same on both versions")
    return 1 if found else 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Whether exploring finds what the recorded uses do not show.")
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help="how often the corpus is recorded")
    parser.add_argument("--part", action="append", choices=corpus.PARTS, help="only this part; may be given again")
    parser.add_argument("--only", action="append", default=[], metavar="SLUG", help="only this; may be given again")
    parser.add_argument("--examples", type=int, default=EXAMPLES, metavar="N", help="inputs tried for each function")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="ask the peers too")
    parser.add_argument("--crosshair", default="crosshair", metavar="PATH", help="its executable")
    parser.add_argument(
        "--ghostwriter", default=sys.executable, metavar="PYTHON", help="one with hypothesis, black and pytest"
    )
    parser.add_argument("--out", default="explore-report", metavar="FOLDER", help="where the lists for reading are put")
    return parser


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))  # so that its processes end with it
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-explore-") as folder:
        try:
            pairs = corpus.pairs_of(options.part or corpus.PARTS, options.only)
            unfit = unreal(pairs)
            rounds = [explored(pairs, Path(folder), seed, options.examples) for seed in range(options.seeds)]
            answers = answers_of(pairs, Path(folder), options) if options.peers else {}
        except ExploreFailed as failed:
            say(str(failed))
            return 1
    status = report(pairs, rounds, answers, Path(options.out)) or unfit
    say(f"{time.monotonic() - started:.0f} s")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
