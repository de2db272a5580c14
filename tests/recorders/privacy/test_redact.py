"""Redaction: no secret of a trace reaches a disk, and equal secrets stay equal."""

from __future__ import annotations

import json
import time
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.model import value_tree
from pytest_runtime.recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    ListNode,
    ObjectNode,
    RefNode,
    StandardNode,
    Tree,
    TupleNode,
    record,
)
from pytest_runtime.recorders.privacy.pseudonyms import Pseudonyms, is_card_number
from pytest_runtime.recorders.privacy.redact import Redactor

KEY = b"0123456789abcdef"
SENSITIVE = """
    password Password user_password userPassword new-password password1 passwd pwd passphrase secret client_secret
    SECRET_KEY token access_token refreshToken csrfmiddlewaretoken apiKey api_key apikey x-api-key HTTP_X_API_KEY
    accessKey AWS_SECRET_ACCESS_KEY private_key auth Authorization HTTP_AUTHORIZATION Proxy-Authorization cookie
    Set-Cookie HTTP_COOKIE sessionid session_id credentials card card_number cardNumber pan cvv cvc cvv2 credit_card
    iban ssn social_security_number pin pin_code otp signature X-Signature csrf environ.DB_PASSWORD secrets.token_hex
    _User__password _auth_user_hash password_hash
"""
INNOCENT = """
    author authority authored_by passenger passengers tokenizer tokenizer_name card_count card_type cardinality
    keyboard monkey primary_key foreign_key cache_key public_key key keys page_token_count next_page_token token_type
    token_expires_at max_tokens prompt_tokens password_policy password_changed_at has_password auth_method auth_user
    oauth_url cookie_domain secretary compass bypass pinned spinning shopping session user name id description opinion
    dashboard discard wildcard panel expand company signature_version secrets.choice secrets.randbelow note amount
"""


def redact(*trees: Tree | tuple[str, Tree], redactor: Redactor | None = None) -> list[Tree]:
    """The trees, each with its context or none, redacted as one trace."""
    pairs = [tree if isinstance(tree, tuple) else ("", tree) for tree in trees]
    return (redactor or Redactor(KEY)).redact(pairs)[0]


def one(tree: Tree) -> Tree:
    """The only tree of a trace, redacted."""
    return redact(tree)[0]


@pytest.mark.parametrize("name", SENSITIVE.split())
def test_sensitive_names(name: str) -> None:
    """A value under a name that holds secrets is replaced."""
    assert Redactor(KEY).is_sensitive(name)
    assert one(record(**{name: "hunter2hunter"})) != record(**{name: "hunter2hunter"})


@pytest.mark.parametrize("name", INNOCENT.split())
def test_innocent_names(name: str) -> None:
    """A name that only resembles one that holds secrets leaves its value alone."""
    tree = record(**{name: "plain text"})
    assert one(tree) is tree


def test_configured_names() -> None:
    """The configuration adds sensitive names and takes some away."""
    redactor = Redactor(KEY, names=["date-of-birth"], keep=["csrf_token"])
    assert redactor.is_sensitive("userDateOfBirth")
    assert not redactor.is_sensitive("csrfToken")


@pytest.mark.parametrize(
    "secret",
    [
        "bob.smith@example.com",
        "Bearer abcDEF123456",
        "Basic dXNlcm5hbWU6cGFzc3dvcmQxMg==",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_DEF-123",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "378282246310005",
        "postgres://bob:s3cr3tpw@db/shop",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "sk_live_abcdefghijklmnop",
        "xoxb-123456789012-abcdefGHIJ",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdef0123\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_by_form(secret: str) -> None:
    """What is a secret by its form is replaced under any name, alone and inside other text, in its own length."""
    alone, inside = redact(record(note=secret), f"got {secret} here")
    replaced = value_tree.field(alone, "note")
    assert isinstance(replaced, str)
    assert replaced != secret
    assert len(replaced) == len(secret)
    assert inside == f"got {replaced} here"


@pytest.mark.parametrize(
    "tree",
    [1700000000000, 1700000000000000000, "1700000000000", "4111 1111 1111 1112", "a basic understanding", "user@host"],
)
def test_what_only_resembles_a_secret_stays(tree: Tree) -> None:
    """Times in milliseconds, invalid card numbers and prose are kept."""
    assert one(tree) is tree


@pytest.mark.parametrize(
    "document",
    [
        '{"user": {"password": "SECRET"}, "n": 1}',
        '{"tokens": ["SECRET", {"deep": "SECRET"}]}',
        '{"password": "SECRET", "cut off": "her',
        '{"callback": "https://x/y?token=SECRET&page=2"}',
        '{"body": "{\\"password\\": \\"SECRET\\"}"}',
        "user=bob&password=SECRET&remember=1",
        "https://shop/reset?token=SECRET#top",
        "HTTP/1.1 200 OK\r\nX-Api-Key: SECRET\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nSet-Cookie: sid=SECRET; Path=/; Expires=Wed, 21 Oct 2026\r\n\r\n",
        "UPDATE users SET password = 'SECRET' WHERE id = 3",
        "login failed: {'password': 'SECRET'}",
        '--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nSECRET\r\n--x--',
        '<input type="hidden" name="csrf_token" value="SECRET">',
        "<user><password>SECRET</password></user>",
    ],
)
@pytest.mark.parametrize("secret", ["ab1", "hunter2hunter2"])
def test_documents(document: str, secret: str) -> None:
    """A secret in a document is replaced, as text and as bytes; everything around it stays in its place."""
    text = document.replace("SECRET", secret)
    as_text, as_bytes = redact(text, BytesNode(text.encode()))
    assert isinstance(as_text, str)
    before, after = document.split("SECRET", 1)[0], document.rsplit("SECRET", 1)[1]
    assert secret not in as_text
    assert as_text.startswith(before)
    assert as_text.endswith(after)
    assert len(as_text) == len(text)
    assert as_bytes == BytesNode(as_text.encode())


@given(st.text(min_size=8, max_size=20, alphabet="abcXYZ019 \\\"'\n&=%+/éпж漢"))
def test_every_spelling_says_the_same(secret: str) -> None:
    """A secret read from a JSON or form body equals its recorded, decoded value after redaction too."""
    if sum(map(str.isalnum, secret)) < 8 or secret != secret.strip():
        return
    plain, as_json, as_form = redact(
        record(password=secret), json.dumps({"password": secret}), f"password={quote_plus(secret)}"
    )
    replaced = value_tree.field(plain, "password")
    assert isinstance(as_json, str)
    assert json.loads(as_json) == {"password": replaced}
    assert as_form == f"password={quote_plus(str(replaced))}"


def test_headers_as_pairs() -> None:
    """Header lists of WSGI and ASGI are read as names and values; the scheme word stays."""
    wsgi, asgi = redact(
        ListNode([TupleNode(["Authorization", "Bearer abcdef123456"])]),
        ListNode([ListNode([BytesNode(b"authorization"), BytesNode(b"Bearer abcdef123456")])]),
    )
    assert "abcdef123456" not in str(wsgi) + str(asgi)
    assert str(wsgi).count("Bearer ") == str(asgi).count("Bearer ") == 1


def test_a_shared_value_is_secret_by_any_of_its_names() -> None:
    """A value anchored under an innocent name and referred to under a sensitive one is replaced; aliasing stays."""
    tree = record(data=AnchorNode(1, ListNode(["hunter"])), password=RefNode(1))
    redacted = one(tree)
    assert "hunter" not in str(redacted)
    assert value_tree.field(redacted, "password") == RefNode(1)


def test_typed_values_still_build() -> None:
    """Numbers keep sign and digits; standard values keep the form of their parts; None, booleans and times stay."""
    time_node = StandardNode("datetime", [2024, 1, 2])
    redacted = one(
        record(
            secret=TupleNode([-123456, 12.5, None, True, 7, time_node]),
            secret_number=StandardNode("decimal", ["120.50"]),
            auth=StandardNode("uuid", ["550e8400e29b41d4a716446655440000"]),
        )
    )
    integer, floating, *kept = value_tree.children(value_tree.field(redacted, "secret"))
    assert isinstance(integer, int)
    assert -999_999 <= integer <= -100_000
    assert integer != -123456
    assert isinstance(floating, float)
    assert len(repr(floating)) == 4
    assert kept == [None, True, 7, time_node]
    assert len(value_tree.encode(redacted)) > 0
    (decimal_text,) = value_tree.children(value_tree.field(redacted, "secret_number"))
    assert float(str(decimal_text)) != 120.5


SECRETS = st.text(alphabet="abcdefghijkXYZ0123456789-_.!é", min_size=8, max_size=30).filter(
    lambda text: sum(map(str.isalnum, text)) >= 8
)
NOISE = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("qrs ", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4).map(ListNode)
        | st.dictionaries(st.sampled_from(["note", "user", "items", "id"]), inner, max_size=4).map(
            lambda fields: DictNode(list(fields), list(fields.values()))
        )
        | inner.map(lambda value: ObjectNode("shop:User", None, ["note"], [value]))
    ),
    max_leaves=12,
)


@given(SECRETS, NOISE, st.sampled_from(["password", "apiKey", "HTTP_COOKIE", "access_token"]))
def test_no_planted_secret_survives(secret: str, noise: Tree, name: str) -> None:
    """A secret of eight characters or more under a sensitive name is found nowhere in the stored trace."""
    planted = DictNode([name, "rest"], [secret, noise])
    echoes = record(text=f"said {secret}!", body=BytesNode(f"<{secret}>".encode()), key=DictNode([secret], [noise]))
    written = b"".join(map(value_tree.encode, redact(planted, noise, echoes, (name, ListNode([secret])))))
    assert secret.encode() not in written


@given(NOISE)
def test_without_secrets_nothing_is_rebuilt(noise: Tree) -> None:
    """A tree with nothing sensitive comes back as the same object."""
    redacted, replaced = Redactor(KEY).redact([("", noise)])
    assert redacted[0] is noise
    assert replaced == 0


@given(SECRETS, SECRETS)
def test_pseudonyms_keep_equality_length_and_classes(first: str, second: str) -> None:
    """Equal secrets have equal pseudonyms, different ones different; lengths and classes are the secret's own."""
    pseudonyms = Pseudonyms(KEY)
    replaced = pseudonyms.text(first)
    assert (pseudonyms.text(second) == replaced) == (first == second)
    assert replaced != first
    assert len(replaced.encode()) == len(first.encode())
    for old, new in zip(first, replaced, strict=True):
        assert (old.isdecimal(), old.isupper(), old.islower()) == (new.isdecimal(), new.isupper(), new.islower())


@given(st.text(max_size=40), st.binary(max_size=40), st.floats(), st.integers(-(2**63), 2**63 - 1))
def test_pseudonyms_never_raise_and_keep_types(text: str, data: bytes, floating: float, integer: int) -> None:
    """Any value has a pseudonym of its type and size."""
    pseudonyms = Pseudonyms(KEY)
    assert len(pseudonyms.text(text)) == len(text)
    assert len(pseudonyms.binary(data)) == len(data)
    assert isinstance(pseudonyms.floating(floating), float)
    assert len(str(pseudonyms.integer(integer))) == len(str(integer))
    assert -(2**63) <= pseudonyms.integer(integer) < 2**63


@given(st.integers(0, 10**14 - 1), st.sampled_from(["", " ", "-"]))
def test_card_numbers_stay_valid(digits: int, separator: str) -> None:
    """The pseudonym of a card number has its first digit, its separators and a valid check digit."""
    body = f"4{digits:014d}"
    number = next(body + check for check in "0123456789" if is_card_number(body + check))
    written = separator.join(number[at : at + 4] for at in range(0, 16, 4))
    replaced = Pseudonyms(KEY).text(written)
    assert replaced[0] == "4"
    assert replaced != written
    assert is_card_number(replaced)
    assert Pseudonyms(KEY).text(number) == replaced.replace(separator or " ", "")


@given(st.lists(st.tuples(st.sampled_from(["", "password", "cookie"]), st.text() | st.binary().map(BytesNode))))
def test_never_raises(trees: list[tuple[str, Tree]]) -> None:
    """Any text and any bytes, under any name, are redacted without an error."""
    assert len(Redactor(KEY).redact(trees)[0]) == len(trees)


@pytest.mark.parametrize(
    "unit", ["a", "=", "eyJ", "eyJ.", "4", "4 ", "a@", "://a:", '"', "\\", '{"', "[", 'name="', "<a ", "password='"]
)
@pytest.mark.any_python
def test_hostile_texts_take_linear_time(unit: str) -> None:
    """A megabyte of any unit, under any name, is redacted in seconds, not hours."""
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    redact(text, ("password", text))
    assert time.process_time() - start < 20


def test_deep_trees_do_not_raise() -> None:
    """A tree deeper than any that capture builds loses what lies too deep, and leaks nothing."""
    tree: Tree = record(password="hunter2hunter")
    for _ in range(2000):
        tree = ListNode([tree])
    assert "hunter2hunter" not in str(value_tree.contains_opaque(one(tree)))
