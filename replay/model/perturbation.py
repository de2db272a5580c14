"""Perturbation: what is made different from one sealing run to the next, to see what moves."""

from __future__ import annotations

from typing import Literal

import msgspec


class Perturbation(msgspec.Struct, frozen=True, array_like=True):
    """How a replay departs from the recording in what no caller decides."""

    clock: Literal["recorded", "frozen"] = "recorded"
    """`frozen`: every reading gives one instant, a second after the last recorded one; what differs then follows
    from the clock, and how often or where the program reads it can make no difference."""
    entropy: int = 0
    """Other than 0: recorded draws are replaced by draws from this seed."""
    unrecorded: int = 0
    """Seed of what is unrecorded: the clock's start and the draws of code that did not ask when it was recorded."""


UNPERTURBED = Perturbation()
FROZEN_CLOCK = Perturbation(clock="frozen")
