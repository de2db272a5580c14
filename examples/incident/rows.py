"""A hundred rows come from the database, and twenty from the API: where are they lost? `make incident`, second part.

    python examples/incident/rows.py

1. Two **value probes** on the way: how many rows are there behind the query, and how many in front of the answer?
2. A **snapshot** between the two: what became of them?
3. The fix, and the two values again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from incident import NotFound, copied, hits_of, line_of, running, say, until

from pytest_runtime import probes
from pytest_runtime.recorders.probes.render import render

CUSTOMERS = "shop/customers.py"
QUERIED, SHOWN = "shown = without_doubles(rows)", 'return [{"id"'


def mean(project: Path, text: str, expression: str) -> float:
    """The mean of an expression before a line, over some requests."""
    place = line_of(project, text, CUSTOMERS)
    status = probes.create("value", place, text=expression, seconds=60, root=project)
    until(
        lambda: probes.follow(status.probe.id, after=0, wait=0.0, root=project).status.hits > 2, f"a value at {place}"
    )
    metric = probes.remove(status.probe.id, root=project).metric
    assert metric is not None
    return metric.total / metric.count


def lengths(project: Path) -> tuple[float, float]:
    """Rows behind the query, and in front of the answer."""
    queried, shown = mean(project, QUERIED, "len(rows)"), mean(project, SHOWN, "len(shown)")
    say(f"   {queried:g} rows from the database, {shown:g} in the answer")
    return queried, shown


def main() -> int:
    with copied() as project:
        try:
            with running(project):
                say("1. How many rows are there, and where?")
                if lengths(project) != (100.0, 20.0):
                    raise NotFound("they are not lost there")
                say("2. What happens between the two?")
                place = line_of(project, "return found", CUSTOMERS)
                status = probes.create("snapshot", place, condition="len(rows) != len(found)", hits=1, root=project)
                (hit,) = hits_of(project, status, 1)
                shown = dict(zip(hit.names, map(render, hit.values), strict=True))
                say(f"   by_key = {shown['by_key'][:110]}...")
                if "'company 0': (80, 'customer 80', 'company 0')" not in shown["by_key"]:
                    raise NotFound("the rows are lost elsewhere")
                say("   Of the customers of one company, the last one is left: the key is the company.")
            say("3. The fix: the key is the customer.")
            path = project / CUSTOMERS
            path.write_text(path.read_text().replace("{row[2]: row for", "{row[0]: row for"))
            with running(project):
                if lengths(project) != (100.0, 100.0):
                    raise NotFound("rows are still lost")
        except NotFound as problem:
            print(f"not found: {problem}", file=sys.stderr)
            return 1
    say("found, fixed, and proved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
