"""Documented usage of jmespath: expressions searched in documents. `run(do)` makes every call through `do`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jmespath  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

PEOPLE: dict[str, Any] = {
    "people": [
        {"name": "James", "age": 30, "state": "WA", "score": 4.5},
        {"name": "Ada", "age": 36, "state": "NY", "score": 9.25},
        {"name": "Grace", "age": 25, "state": "WA", "score": 7.0},
        {"name": "Linus", "age": 41, "state": "OR", "score": 6.5},
    ]
}
STOCK: dict[str, Any] = {
    "people": [
        {"name": "Bolt", "age": 3, "state": "new", "score": 1.25},
        {"name": "Nut", "age": 8, "state": "used", "score": 0.5},
    ]
}
MACHINES: dict[str, Any] = {
    "reservations": [
        {
            "instances": [
                {"type": "small", "state": {"name": "running"}},
                {"type": "large", "state": {"name": "stopped"}},
            ]
        },
        {
            "instances": [
                {"type": "medium", "state": {"name": "terminated"}},
                {"type": "large", "state": {"name": "running"}},
            ]
        },
    ]
}
EXPRESSIONS = (
    "people[0].name",
    "people[*].age",
    "people[?age > `28`].name",
    "people[?state == 'WA'] | [0].name",
    "people[:2].{who: name, years: age}",
    "length(people)",
    "sum(people[*].age)",
    "avg(people[*].age)",
    "max(people[*].score)",
    "min(people[*].score)",
    "max_by(people, &age).name",
    "min_by(people, &age).name",
    "sort_by(people, &age)[*].name",
    "sort(people[*].name)",
    "join(', ', people[*].name)",
    "reverse(people[*].name)",
    "contains(people[*].name, 'Ada')",
    "people[?starts_with(name, 'G')].age",
    "map(&name, people)",
    "type(people)",
    "to_string(people[0].age)",
    "not_null(missing, people[1].state)",
    "keys(people[0])",
)


def run(do: Do) -> None:
    """All of it."""
    for expression in EXPRESSIONS:
        do(jmespath.search, expression, PEOPLE)
        do(jmespath.search, expression, STOCK)
    do(jmespath.search, "reservations[].instances[].[type, state.name]", MACHINES)
    do(jmespath.search, "reservations[*].instances[*].type", MACHINES)
    do(jmespath.search, "reservations[].instances[?state.name == 'running'][].type", MACHINES)


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
