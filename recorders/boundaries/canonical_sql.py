"""SQL as it is compared: what it says, not how it is written.

Placeholders may be written in any of the styles of DB-API (PEP 249: `?`, `:1`, `:name`, `%s`, `%(name)s`; `$1` of
PostgreSQL), values given in a sequence or by name: what counts is which value lands at which place. Letters of keywords
and unquoted names, white space, comments and the names that a statement gives to its tables and columns do not count.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import Any, NamedTuple, TypeAlias

from ..model.value_tree import DictNode, ListNode, Tree, TupleNode

Slot: TypeAlias = int | str
"""What a placeholder takes: the value of a position, or that of a name."""

_TOKEN = re.compile(
    r"""
      '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*`        # texts and quoted names
    | --[^\n]* | /\*.*?\*/                             # comments
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$                  # a text of PostgreSQL
    | ::                                               # a cast of PostgreSQL
    | (?P<percent>%%)
    | %\((?P<format>\w+)\)s | (?P<plain>%s)(?!\w)
    | \?(?P<number>\d*)
    | [:$](?P<position>\d+)
    | [:@$](?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


_TABLE = re.compile(r"\b(?:into|update|from|join)\s+[\"`]?(\w+)", re.IGNORECASE)
"""A table in a statement that cannot be parsed."""


class CanonicalStatement(NamedTuple):
    """A statement in canonical form."""

    text: str
    """With `?` for each placeholder."""
    slots: tuple[Slot, ...]
    """What each placeholder takes, in the order of the text."""


@functools.lru_cache(maxsize=4096)
def canonical(sql: str, *, bound: bool) -> CanonicalStatement:
    """A statement in canonical form; `bound` says whether values come with it: only then `%s` is a placeholder.

    What sqlglot cannot parse keeps its words.
    """
    text, slots = with_marks(sql, bound=bound)
    parsed = _parse(text)
    if parsed is None:
        return CanonicalStatement(" ".join(text.split()), slots)
    printed = str(_renamed(parsed.copy()).sql(dialect="sqlite", normalize=True, comments=False))
    if len(with_marks(printed, bound=True)[1]) != len(slots) and bound:
        return CanonicalStatement(
            " ".join(text.split()), slots
        )  # a placeholder where none can stand: it is left as it is
    return CanonicalStatement(printed, slots)


def placed(slots: tuple[Slot, ...], values: Tree) -> list[Tree] | None:
    """The values in the order of the places where they land; `None` where they do not fit."""
    names = list(dict.fromkeys(slot for slot in slots if isinstance(slot, str)))
    match values:
        case TupleNode(items=items) | ListNode(items=items):
            at = [names.index(slot) if isinstance(slot, str) else slot for slot in slots]
            return [items[one] for one in at] if all(0 <= one < len(items) for one in at) else None
        case DictNode(keys=keys) if set(names) <= set(map(_text, keys)) and len(slots) == sum(map(_is_name, slots)):
            known = dict(zip(map(_text, keys), values.values, strict=False))
            return [known[slot] for slot in slots if isinstance(slot, str)]
        case _:
            return None


def _text(key: Tree) -> str:
    return key if isinstance(key, str) else ""


def _is_name(slot: Slot) -> bool:
    return isinstance(slot, str)


def operation_of(sql: str) -> str:
    """Kind and tables: `SELECT trades`."""
    return _operation_of(sql)


@functools.lru_cache(maxsize=4096)
def _operation_of(sql: str) -> str:
    parsed = _parse(with_marks(sql, bound=True)[0])
    if parsed is None:
        words = sql.split(None, 1)
        named = sorted({name.lower() for name in _TABLE.findall(sql)})
        return " ".join([words[0].upper() if words else "", ",".join(named)]).strip()
    from sqlglot import exp

    tables = sorted({table.name.lower() for table in parsed.find_all(exp.Table)})
    return " ".join([sql.split(None, 1)[0].upper(), ",".join(tables)]).strip()


def with_own_columns(asked: str, recorded: str, columns: list[str]) -> list[str]:
    """The columns of a recorded answer, by the names that the statement which is asked gives them: where it calls one
    differently from the recorded one, whoever reads by name has to find it."""
    own, old = _outputs(asked), _outputs(recorded)
    if not (len(own) == len(old) == len(columns)):
        return columns
    return [new if new and new != before else name for new, before, name in zip(own, old, columns, strict=True)]


@functools.lru_cache(maxsize=4096)
def _outputs(sql: str) -> tuple[str, ...]:
    """The names of the columns that a statement gives, empty where only the database knows one."""
    parsed = _parse(with_marks(sql, bound=True)[0])
    selects = getattr(parsed, "selects", None) or ()
    return tuple("" if one.is_star else one.alias_or_name for one in selects)


def with_marks(sql: str, *, bound: bool) -> tuple[str, tuple[Slot, ...]]:
    """The statement with `?` for every placeholder, and what each takes."""
    slots: list[Slot] = []
    following = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal following
        if not bound:
            return found[0]
        if found["percent"]:
            return "%"
        named = found["format"] or found["name"]
        place = found["number"] or found["position"]
        if named is not None:
            slots.append(named)
        elif place:
            slots.append(int(place) - 1)
        elif found["plain"] or found["number"] is not None:
            slots.append(following)
            following += 1
        else:
            return found[0]
        return "?"

    return _TOKEN.sub(mark, sql), tuple(slots)


def _renamed(parsed: Any) -> Any:
    """Tables by their own names, columns of the result without others; sharing of names is left as it is."""
    from sqlglot import exp

    tables = list(parsed.find_all(exp.Table))
    given = Counter(table.alias.lower() for table in tables if table.alias)
    counts = Counter(table.name.lower() for table in tables)
    derived = {one.alias.lower() for one in parsed.find_all(exp.Subquery, exp.CTE) if one.alias}
    ambiguous = any(count > 1 for count in given.values()) or not derived.isdisjoint(given)
    if not ambiguous and not set(given) & (set(counts) - {table.name.lower() for table in tables if table.alias}):
        _without_table_names(parsed, tables, counts)
    _without_output_names(parsed)
    return parsed


def _without_table_names(parsed: Any, tables: list[Any], counts: Counter[str]) -> None:
    from sqlglot import exp

    new: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for table in tables:
        name = table.name.lower()
        seen[name] += 1
        canonical_name = name if counts[name] == 1 else f"{name}_{seen[name]}"
        new[(table.alias or table.name).lower()] = canonical_name
        table.set("alias", exp.TableAlias(this=exp.to_identifier(canonical_name)) if counts[name] > 1 else None)
    alone = len(tables) == 1 and not list(parsed.find_all(exp.Subquery, exp.CTE))
    for column in parsed.find_all(exp.Column):
        qualifier = column.table.lower()
        if qualifier in new:
            column.set("table", None if alone else exp.to_identifier(new[qualifier]))


def _without_output_names(parsed: Any) -> None:
    """The outermost columns: what they are called is seen by who reads by name, and answered by name."""
    from sqlglot import exp

    if not isinstance(parsed, exp.Select):
        return
    named = {one.alias.lower(): one.this for one in parsed.selects if isinstance(one, exp.Alias)}
    for part in ("order", "group", "having"):
        for column in list(parsed.args[part].find_all(exp.Column)) if parsed.args.get(part) else ():
            if not column.table and column.name.lower() in named:
                column.replace(named[column.name.lower()].copy())
    parsed.set("expressions", [one.this if isinstance(one, exp.Alias) else one for one in parsed.selects])


@functools.lru_cache(maxsize=4096)
def _parse(sql: str) -> Any:
    import sqlglot  # 0.1 s that only a request that differs is worth

    for dialect in ("sqlite", "postgres"):
        try:
            return sqlglot.parse_one(sql, dialect=dialect)
        except (sqlglot.errors.SqlglotError, RecursionError):
            continue
    return None
