"""Documented usage of sqlparse: format statements, split scripts, and look around in what was parsed.

`run(do)` makes every call through `do`, which an observer may replace; exceptions that the usage expects are caught.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import sqlparse  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed
from sqlparse.exceptions import SQLParseError

Do = Callable[..., Any]

QUERIES = (
    "select * from foo where id in (select id from bar);",
    "select a, b as total, count(*) from orders o left join customers c on o.customer_id = c.id where o.total > 10 and"
    " c.active = 1 group by a, b having count(*) > 2 order by total desc limit 20",
    "SELECT id, name FROM people WHERE name LIKE 'A%' OR age BETWEEN 18 AND 65",
    "insert into trades (id, symbol, quantity) values (1, 'ACME', 100), (2, 'GLBX', 250)",
    "update accounts set balance = balance - 10.50, touched = now() where id = 7 and balance >= 10.50",
    "delete from sessions where expires < '2024-01-01' -- old ones\n",
    "create table if not exists shop.items (id integer primary key, name varchar(80) not null, price numeric(10, 2))",
    "with recent as (select * from orders where placed > now() - interval '1 day') select count(*) from recent",
    "select case when total > 100 then 'big' when total > 10 then 'middle' else 'small' end as size from orders",
    "select a.id, b.name from a, b where a.id = b.a_id and (b.kind = 'x' or b.kind = 'y')",
    "select distinct upper(name) n, sum(price * quantity) over (partition by shop order by day) from sales",
    "/* report */ select region, sum(amount) from sales /* all of them */ group by region",
    "merge into stock s using arrivals a on s.id = a.id when matched then update set n = s.n + a.n",
    "select 'it''s', \"quoted name\", `ticked`, [bracketed], 1.5e3, 0x1F, :named, %s, ? from dual",
    "drop table old_things; create view v as select 1; commit",
    "select * from (select x, row_number() over (order by y) as r from t) ranked where r <= 3 union all select 1, 2",
)

OPTIONS: tuple[dict[str, Any], ...] = (
    {"reindent": True, "keyword_case": "upper"},
    {"keyword_case": "upper", "identifier_case": "lower"},
    {"reindent_aligned": True},
    {"strip_comments": True, "strip_whitespace": True},
    {"reindent": True, "indent_columns": True, "comma_first": True},
    {"reindent": True, "wrap_after": 40, "indent_width": 4},
    {"use_space_around_operators": True, "keyword_case": "capitalize"},
    {"reindent": True, "indent_after_first": True, "identifier_case": "upper"},
    {"truncate_strings": 3, "truncate_char": "…"},
)

SCRIPTS = (
    "select * from foo; select * from bar;",
    "create or replace function f() returns int as $$ begin return 1; end; $$ language plpgsql; select f();",
    "create trigger t before insert on a for each row begin update b set n = n + 1; end; select 2;",
    "declare x int; begin set x = 1; if x > 0 then select x; end if; end; select 'done;'",
    "-- first\nselect 1; -- second\n\n  select 2",
    "begin transaction; update a set b = 1 where case when b > 0 then 1 else 0 end = 1; commit;",
)

WRONG: tuple[dict[str, Any], ...] = (
    {"keyword_case": "shout"},
    {"reindent": "maybe"},
    {"indent_width": 0},
    {"truncate_strings": "much"},
    {"wrap_after": -1},
    {"output_format": "cobol"},
)


def run(do: Do) -> None:
    """All of it."""
    formatting(do)
    splitting(do)
    looking(do)
    output(do)


def formatting(do: Do) -> None:
    for query in QUERIES:
        for options in OPTIONS:
            do(sqlparse.format, query, **options)
    for options in WRONG:
        with suppress(SQLParseError):
            do(sqlparse.format, QUERIES[0], **options)


def splitting(do: Do) -> None:
    for script in SCRIPTS:
        do(sqlparse.split, script)
        do(sqlparse.split, script, strip_semicolon=True)
        do(sqlparse.format, script, reindent=True)


def looking(do: Do) -> None:
    """What the documentation's section on analyzing statements does."""
    for query in QUERIES:
        for statement in do(sqlparse.parse, query):
            do(statement.get_type)
            first = do(statement.token_first, skip_ws=True, skip_cm=True)
            do(statement.token_index, first)
            for token in statement.tokens:
                if isinstance(token, sqlparse.sql.IdentifierList):
                    for identifier in list(do(lambda token=token: list(token.get_identifiers()))):
                        name_of(do, identifier)
                elif isinstance(token, sqlparse.sql.Identifier | sqlparse.sql.Function):
                    name_of(do, token)
                elif isinstance(token, sqlparse.sql.Where):
                    do(token.token_next_by, m=(sqlparse.tokens.Keyword, "AND"))


def name_of(do: Do, token: Any) -> None:
    if isinstance(token, sqlparse.sql.Function):
        do(token.get_parameters)
    if isinstance(token, sqlparse.sql.Identifier | sqlparse.sql.Function):
        do(token.get_name)
        do(token.get_alias)
        do(token.get_real_name)
        do(token.get_parent_name)
        do(token.has_alias)
    if isinstance(token, sqlparse.sql.Identifier):
        do(token.is_wildcard)
        do(token.get_ordering)


def output(do: Do) -> None:
    for query in QUERIES[:6]:
        do(sqlparse.format, query, output_format="python")
        do(sqlparse.format, query, output_format="php", reindent=True)


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
