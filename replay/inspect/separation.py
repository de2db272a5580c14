"""Measures of how well something separates failing from passing traces.

- *Ochiai*: `ef / sqrt((ef + nf) * (ef + ep))`, of failing traces in which it holds (`ef`) or not (`nf`), and of
  passing ones in which it holds (`ep`). R. Abreu, P. Zoeteweij, A. van Gemund: An Evaluation of Similarity
  Coefficients for Software Fault Localization, PRDC 2006.
- *Increase*: how much likelier a trace fails where it holds than where it is merely reached, with the lower end of its
  95 % confidence interval. B. Liblit, M. Naik, A. Zheng, A. Aiken, M. Jordan: Scalable Statistical Bug Isolation, PLDI
  2005.
- *Chance*: the probability that as good a separation comes by chance, by Fisher's exact test, one-sided, times the
  number of things that were tried (Bonferroni): whoever looks at a thousand variables finds one that separates.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

Certainty: TypeAlias = Literal["certain", "likely", "may be chance"]

CERTAIN, LIKELY = 0.001, 0.05
"""Probabilities of chance up to which a separation is called so."""

NORMAL = 1.96
"""Standard errors of a two-sided interval of 95 %."""


class Table(NamedTuple):
    """Traces by whether they failed and whether something held in them."""

    failing_with: int
    passing_with: int
    failing: int
    """All failing traces."""
    passing: int
    failing_reached: int
    """Failing traces in which it could hold: those that came to the branch, or have the variable."""
    passing_reached: int

    @property
    def ochiai(self) -> float:
        """0 to 1."""
        below = math.sqrt(self.failing * (self.failing_with + self.passing_with))
        return self.failing_with / below if below else 0.0

    @property
    def increase(self) -> tuple[float, float]:
        """Increase, and the lower end of its interval; it is at most 0 for what says nothing."""
        held = self.failing_with + self.passing_with
        reached = self.failing_reached + self.passing_reached
        if not held or not reached:
            return 0.0, 0.0
        failure, context = self.failing_with / held, self.failing_reached / reached
        error = math.sqrt(_variance(self.failing_with, held) + _variance(self.failing_reached, reached))
        return failure - context, max(-1.0, failure - context - NORMAL * error)

    @property
    def chance(self) -> float:
        """Fisher's exact test, one-sided: as many failing traces or more among those in which it holds."""
        total, held = self.failing + self.passing, self.failing_with + self.passing_with
        most = min(held, self.failing)
        ways = math.comb(total, held)
        worse = sum(
            math.comb(self.failing, count) * math.comb(self.passing, held - count)
            for count in range(self.failing_with, most + 1)
        )
        return worse / ways

    @property
    def separates(self) -> bool:
        """Whether it holds in all failing traces and in no passing one."""
        return self.failing_with == self.failing and not self.passing_with


def _variance(count: int, of: int) -> float:
    """Variance of a share; Laplace's rule keeps it above 0 where all or none do, which a few traces always may."""
    share = (count + 1) / (of + 2)
    return share * (1 - share) / of


def certainty_of(chance: float, tried: int) -> Certainty:
    """A probability of chance in words, corrected for how many things were tried."""
    adjusted = min(1.0, chance * max(tried, 1))
    return "certain" if adjusted <= CERTAIN else "likely" if adjusted <= LIKELY else "may be chance"
