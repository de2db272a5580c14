"""What is put down for reading: every pair with what was said of it, and by whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from exploring.corpus import Pair
from exploring.product import Found, Round
from exploring.tally import Answers


def write(folder: Path, pairs: Sequence[Pair], rounds: Sequence[Round], answers: Answers) -> None:
    """One text for the product, one for each peer."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "product.txt").write_text("\n".join(product_lines(pairs, rounds)) + "\n")
    for name in answers:
        (folder / f"{name.lower()}.txt").write_text("\n".join(peer_lines(name, pairs, answers)) + "\n")


def product_lines(pairs: Sequence[Pair], rounds: Sequence[Round]) -> Iterator[str]:
    for pair in pairs:
        yield title(pair)
        for one in rounds:
            yield from found_lines(one.seed, one.found[pair])
        yield ""


def title(pair: Pair) -> str:
    return f"{pair.part}/{pair.slug} ({pair.kind}): {pair.function}"


def found_lines(seed: int, found: Found) -> Iterator[str]:
    replayed = ", the replay alone differs" if found.replayed else ""
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.counts.items() if count)
    yield f"  seed {seed}: {found.verdict}{replayed}; {found.targets} functions explored: {counts or 'nothing tried'}"
    yield from (f"    near: {text}" for text in found.near)
    yield from (f"    far: {text}" for text in found.far)
    yield from (f"    no answer: {text}" for text in found.reasons)


def peer_lines(name: str, pairs: Sequence[Pair], answers: Answers) -> Iterator[str]:
    said = answers[name]
    if isinstance(said, str):
        yield said
        return
    for pair in pairs:
        answer = said[pair]
        yield f"{title(pair)}: {answer.verdict} ({1e3 * answer.cpu:.0f} ms) {answer.reason}".rstrip()
