"""Secrets in places where they are easily overlooked are found, and what only looks alike stays."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import pytest

from pytest_runtime.recorders.boundaries.protocol import UNNAMED
from pytest_runtime.recorders.boundaries.sql_names import columns_of, parameter_names
from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.model import value_tree
from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.recorders.model.trace import Exchange, Outcome, Trace
from pytest_runtime.recorders.model.value_tree import BytesNode, DictNode, ListNode, ObjectNode, Tree, TupleNode, record
from pytest_runtime.recorders.privacy.pseudonyms import Pseudonyms, is_iban
from pytest_runtime.recorders.privacy.redact import Redactor
from pytest_runtime.recorders.session.assemble import redacted as assembled

REDACTOR = Redactor(b"k" * 32)
BEARER = "mF_9.B5f-4.1JqMzebraQ7"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJlLW9mLXplYnJh"
FORMS = {
    "social security number": "219-09-9999",
    "IBAN": "DE89370400440532013000",
    "IBAN in groups": "GB82 WEST 1234 5698 7654 32",
    "phone": "+49 170 1234567",
    "American phone": "(415) 555-2671",
    "AWS secret key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEZ",
    "AWS key": "AKIAIOSFODNN7ZEBRA",
    "session id": "9b2f4c7e1a8d3056f7c1e2b49a6d0c83",
    "session id of Django": "k3v9x2m7q1z8w4n6b5t0r2y7u9i3o1p6",
    "JWT": JWT,
    "e-mail address": "ada.lovelace@zebra-mail.example",
    "card": "4111 1111 1111 1111",
    "URL": "postgres://app:s3cr/et%21w@db.internal/shop",
    "scheme": f"Bearer {BEARER}",
}
SECRET_OF = {"URL": "s3cr/et%21w", "scheme": BEARER, "AWS key": "IOSFODNN7ZEBRA"}


def redacted(*trees: Tree, names: Sequence[str] = (), keep: Sequence[str] = ()) -> list[Tree]:
    """Trees without their secrets."""
    redactor = Redactor(b"k" * 32, names=names, keep=keep) if names or keep else REDACTOR
    return redactor.redact([("", tree) for tree in trees])[0]


def text_of(text: str) -> str:
    """One text without its secrets."""
    (tree,) = redacted(text)
    assert isinstance(tree, str)
    return tree


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_of_known_form_under_an_innocent_name(form: str) -> None:
    """It is found in a text, in bytes, in a query, in JSON, in a form, and as base64; what is around it stays."""
    value, secret = FORMS[form], SECRET_OF.get(form, FORMS[form])
    plain = [f"note: {value} was said", f'{{"note": "{value}", "n": 1}}']
    told = [*plain, f"note={quote(value)}&n=1", f"a={quote_plus(value)}"]
    encoded = base64.b64encode(f"it is {value} there".encode()).decode()
    for text in [*told, f"blob {encoded} end", f"blob={quote(encoded)}"]:
        as_text, as_bytes = redacted(text, BytesNode(text.encode()))
        assert isinstance(as_text, str)
        assert isinstance(as_bytes, BytesNode)
        for found in (as_text, as_bytes.data.decode()):
            for spelling in (secret, quote(secret, safe=""), quote_plus(secret), encoded):
                assert spelling not in found
            assert len(found) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-02 10:11:12",
        "order 12345 of 2026-11-27",
        "https://example.org:8080/@scope/name@1.0.3",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "GB82 WEST 1234 5698 7654 33",
        "basic understanding of a + b + c",
        "/usr/lib/python3/dist/packages/somewhere",
        "1 + 2 = 3, 192.168.100.1234",
        "content/of/a/very/long/path/name/indeed",
        "+1 or so, +12 %",
        "219-09-99990",
        "00000000000000000000000000000000",
        "a1b2c3d4e5f64a7b8c9d0e1f2a3b4c5d",
        "c2hvcC5weQ== is a file",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Dates, numbers, versions, paths, digests and prose are none."""
    assert text_of(text) == text


def test_the_pseudonym_of_an_account_number_is_one() -> None:
    """Code that checks it computes with it all the same; groups do not matter."""
    pseudonyms = Pseudonyms(b"k")
    plain = pseudonyms.text("DE89370400440532013000")
    assert is_iban(plain)
    assert plain[:2] == "DE"
    assert pseudonyms.text("DE89 3704 0044 0532 0130 00").replace(" ", "") == plain


def test_paths_of_applications_without_routes() -> None:
    """What is secret in a path is no part of the name of its entry."""
    for form, value in FORMS.items():
        name = REDACTOR.entry_name(f"GET /reset/{value}/now")
        assert SECRET_OF.get(form, value) not in name, form
        assert name.startswith("GET /reset/")
    assert REDACTOR.entry_name("GET /orders/<id>/lines") == "GET /orders/<id>/lines"


def test_literals_of_inserts() -> None:
    """A literal is named by its column, however far that stands from it."""
    sql = "INSERT INTO w (name, password, n) VALUES ('bob', 'hunter2!', 3), ('it''s', 'other-pw, really', 4)"
    shown = text_of(sql)
    assert "hunter2!" not in shown
    assert "other-pw, really" not in shown
    assert shown.startswith("INSERT INTO w (name, password, n) VALUES ('bob', '")
    assert shown.endswith("', 4)")


def test_a_page_is_no_multipart_form() -> None:
    """A field of a form names what stands in it, not the rest of the page."""
    page = (
        '<form method="post">\n<input id="csrf_token" name="csrf_token" type="hidden" value="Ijk5ZThm.awlN">\n\n'
        '<label>Name</label><input name="n">\n</form>\n<p>Total: 12 EUR</p>'
    )
    shown = text_of(page)
    assert "Ijk5ZThm.awlN" not in shown
    assert shown.partition("Ijk5")[0][:40] == page[:40]
    assert shown.endswith('">\n\n<label>Name</label><input name="n">\n</form>\n<p>Total: 12 EUR</p>')


@pytest.mark.parametrize("name", ["phone_number", "phone", "pw", "mobile_number"])
def test_names(name: str) -> None:
    """Names that people use for what is private."""
    (shown,) = redacted(DictNode([name], ["5550 1234 77a"]))
    assert value_tree.field(shown, name) != "5550 1234 77a"


def test_tokens_of_a_parser_are_none() -> None:
    """Objects called tokens, and words, signs and numbers called so, are no secrets; a random one is."""
    token = ObjectNode("lexer:Token", None, ["kind", "text"], ["name", "customer_id"])
    tree = record(tokens=ListNode([token, "SELECT", "*", "customer_id", 42]), token="FROM", card=token)
    assert redacted(tree) == [tree]
    (shown,) = redacted(record(token=BEARER, tokens=ListNode(["tok-91ab7c"])))
    assert BEARER not in str(shown)
    assert "tok-91ab7c" not in str(shown)


def test_what_is_kept_is_kept_whatever_its_form() -> None:
    """`keep` holds for forms: of a header, a cookie, a field of JSON and of a form, and an argument."""
    keep = ("cookie", "authorization", "session", "set-cookie")
    for tree in (
        DictNode(["HTTP_COOKIE", "HTTP_AUTHORIZATION"], [f"session={JWT}; theme=dark", f"Bearer {JWT}"]),
        f'{{"session": "{JWT}", "n": 1}}',
        f"session={JWT}&note=1",
        DictNode(["session"], [JWT]),
        TupleNode([TupleNode(["Set-Cookie", f"session={JWT}; Path=/"])]),
    ):
        assert redacted(tree, keep=keep) == [tree]
        assert redacted(tree) != [tree]
    (shown,) = redacted(f"session=mine&note={JWT}", keep=keep)
    assert JWT not in str(shown)


def test_a_secret_is_found_encoded_wherever_it_is_known() -> None:
    """Hexadecimal and base64, by itself and inside what is encoded."""
    secret = "Zq7-Planted.Secret/Okapi+91"
    inside = base64.b64encode(f"say {secret}!".encode()).decode()
    alone = base64.urlsafe_b64encode(secret.encode()).decode()
    shown = redacted(record(password=secret), secret.encode().hex(), inside, alone)
    assert secret.encode().hex() not in str(shown)
    assert secret not in base64.b64decode(str(shown[2])).decode("latin-1")
    assert "Secret" not in base64.urlsafe_b64decode(str(shown[3])).decode("latin-1")


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("INSERT INTO w (name, password) VALUES (?, ?)", ["name", "password"]),
        ("INSERT INTO w (name, password) VALUES (?, lower(?)), ('a)b', ?)", ["name", "password", "password"]),
        ("INSERT INTO w (n, t) VALUES (?, ?) ON CONFLICT DO UPDATE SET pin = ?", ["n", "t", "pin"]),
        ("insert into w values (?, ?)", ["name", "password"]),
        ("INSERT INTO other VALUES (?, coalesce(?, 1))", ["token", "token"]),
        ("SELECT a FROM w WHERE password = ? AND n > ? LIMIT ?", ["password", "n", "limit"]),
        ("INSERT INTO w (a) SELECT b FROM v WHERE c = ?", ["c"]),
    ],
)
def test_parameters_are_named_by_their_columns(sql: str, names: list[str]) -> None:
    """Also in inserts that name none, of a table whose creation was seen, with expressions and several rows."""
    tables = columns_of(['CREATE TABLE IF NOT EXISTS "w" (name TEXT, password VARCHAR(20), PRIMARY KEY (name))'])
    assert parameter_names(sql, tables, UNNAMED) == names


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("INSERT INTO w (name, password) VALUES ($1, $2)", ["carol", "plum"]),
        ("INSERT INTO w (password, name) VALUES ($2::VARCHAR, $1::VARCHAR)", ["carol", "plum"]),
        ("UPDATE w SET password = $2::text WHERE name = $1 OR $2 IS NULL", ["carol", "plum"]),
        (
            "INSERT INTO w (name, password) SELECT p0::VARCHAR, p1::VARCHAR FROM (VALUES ($1::VARCHAR, $2::VARCHAR, "
            "0), ($3::VARCHAR, $4::VARCHAR, 1)) AS imp_sen(p0, p1, sen_counter) ORDER BY sen_counter RETURNING w.id",
            ["carol", "plum", "bob", "fig"],
        ),
    ],
)
def test_values_by_number_are_named_by_their_columns(sql: str, values: list[Tree]) -> None:
    """In whatever order they come, and behind a cast; the statement stays as it is."""
    request = TupleNode([sql, TupleNode(values)])
    exchange = Exchange("psycopg", "execute", "", "write", request, None, [], True, None, None, 0)
    call = CallInput("function", TupleNode([None, TupleNode([]), DictNode([], [])]), [])
    trace = Trace("a:f", "function", 0.0, call, Outcome("return", None, None), [exchange], [], {}, None, [], [], [], [])
    shown = assembled(trace, REDACTOR).exchanges[0].request
    assert isinstance(shown, TupleNode)
    assert shown.items[0] == sql
    assert isinstance(shown.items[1], TupleNode)
    kept = [left == right for left, right in zip(shown.items[1].items, values, strict=True)]
    assert kept == [True, False] * (len(values) // 2)


def test_what_is_inserted_without_a_name_is_looked_at() -> None:
    """A text that looks random is a secret; a word, a date and an amount are none."""
    request = TupleNode(["INSERT INTO v VALUES (?, ?, ?, ?)", TupleNode(["pw-91ab7cX", "carol", "2026-11-27", 150000])])
    exchange = Exchange("sqlite3", "execute", "", "write", request, None, [], True, None, None, 0)
    nothing = TupleNode([None, TupleNode([]), DictNode([], [])])
    call = CallInput("function", nothing, [])
    trace = Trace("a:f", "function", 0.0, call, Outcome("return", None, None), [exchange], [], {}, None, [], [], [], [])
    shown = assembled(trace, REDACTOR).exchanges[0].request
    assert isinstance(shown, TupleNode)
    (_sql, parameters) = shown.items
    assert isinstance(parameters, TupleNode)
    assert parameters.items[0] != "pw-91ab7cX"
    assert parameters.items[1:] == ["carol", "2026-11-27", 150000]


class Login(NamedTuple):
    """A value of a service."""

    user: str
    password: str
    size: int


def test_fields_of_a_named_tuple_have_their_names() -> None:
    """What stands under a sensitive field is a secret, also inside of something, and shared; other fields stay."""
    login = Login("ada", "zebra-horse-9z", 14)
    tree = thaw(freeze([login, {"again": login}]))
    (shown,), replaced = REDACTOR.redact([("", tree)])
    assert replaced >= 1
    assert "zebra-horse-9z" not in str(shown)
    assert "'ada'" in str(shown)
    assert "14" in str(shown)
    (plain,), nothing = REDACTOR.redact([("", thaw(freeze(Login("ada", "", 14))))])
    assert nothing == 0
    assert plain == thaw(freeze(Login("ada", "", 14)))


def test_what_holds_no_secret_is_not_gone_through_again() -> None:
    """The very trees come back; one secret number is enough for all to be looked at."""
    trees: list[tuple[str, Tree]] = [("rows", ListNode([1, "a word", ListNode([2.5, None])])), ("", "text")]
    redacted, replaced = REDACTOR.redact(trees)
    assert replaced == 0
    assert all(new is old for new, (_, old) in zip(redacted, trees, strict=True))
    redacted, replaced = REDACTOR.redact([*trees, ("pin", 731)])
    assert replaced == 1
    assert redacted[2] != 731
