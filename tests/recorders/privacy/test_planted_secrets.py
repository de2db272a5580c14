"""Of secrets of many kinds, through many channels of a service, none is found in clear, and all replay with the key."""

from __future__ import annotations

from pathlib import Path

from planted_secrets import measure


def test_no_planted_secret_is_found(tmp_path: Path) -> None:
    """A part of what `benchmarks/planted_secrets.py` measures: 0 in store, outputs and files; with the key base is
    faithful, and without it what computes with a secret is not judged."""
    found = measure(tmp_path, 1 / 33)
    assert found.planted > 40
    assert found.failed == []
    assert {where: names for where, names in found.leaks.items() if names} == {}
    assert found.unfaithful == []
    assert found.with_key.keys() == {"same", "diverged"}
    assert found.with_key["diverged"] > found.planted // 2
    assert found.without_key.keys() <= {"not judged", "same"}
