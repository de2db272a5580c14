"""Secrets of 20 kinds through 72 channels of a service: how many bytes of them are found, and what replays as what.

    python benchmarks/planted_secrets.py [SHARE]

Each pair of a kind and a channel is a run of its own with a secret of its own; the service knows a digest of each and
does its work only for those that it knows. They are looked for in the store, in every way of writing them; in what was
shown and kept of replays with and without the key; and in what processes wrote. SHARE (default 1) is how much of all
pairs is run, every n-th of them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import random
import string
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from pytest_runtime.recorders.privacy.encryption import new_private_key, recipient_of
from pytest_runtime.recorders.privacy.spellings import written_forms
from pytest_runtime.recorders.store.open import open_reader

Random = random.Random
PAUSE = 200
"""Runs after which the recorder gets time to write."""

DIGEST = 12
"""Digits by which the service knows a secret: too few to be taken for one."""


# --- kinds ---------------------------------------------------------------------------------------------------------


class Planted(NamedTuple):
    """A value, and what in it nobody may read."""

    value: str
    secret: str
    has_form: bool
    """Whether it is known by its form; else it is named somewhere in the run."""


def _mixed(draw: Random, size: int, letters: str = string.ascii_letters + string.digits) -> str:
    ending = draw.choice("abc") + draw.choice("XYZ") + draw.choice("123456789")
    return "".join(draw.choices(letters, k=size - 3)) + ending


def _luhn(draw: Random) -> str:
    digits = "4" + "".join(draw.choices(string.digits, k=14))
    odd = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[::2])
    return digits + str(-(odd + sum(map(int, digits[1::2]))) % 10)


def _iban(draw: Random) -> str:
    account = "".join(draw.choices(string.digits, k=18))
    return f"DE{98 - int(account + '131400') % 97:02}{account}"


def _hex(draw: Random, size: int = 32) -> str:
    digits = [*draw.choices("0123456789", k=size // 2), *draw.choices("abcdef", k=size // 2)]
    draw.shuffle(digits)
    digits[12] = "b"  # no UUID
    return "".join(digits)


def _lower(draw: Random) -> str:
    letters = [*draw.sample("0123456789" * 2, 12), *draw.sample("bdfhjklmnpqrstuvwxyz", 20)]
    draw.shuffle(letters)
    return "".join(letters)


def _in_groups(card: str) -> str:
    return " ".join(card[at : at + 4] for at in range(0, 16, 4))


def _same(value: str) -> Planted:
    return Planted(value, value, True)


def _formless(value: str) -> Planted:
    return Planted(value, value, False)


def _behind(prefix: str, secret: str, rest: str = "") -> Planted:
    return Planted(prefix + secret + rest, secret, True)


def _basic(draw: Random) -> Planted:
    said = base64.b64encode(f"ada:{_mixed(draw, 17)}".encode()).decode()
    return _behind("Basic ", said)


def _jwt(draw: Random) -> Planted:
    return _same(f"eyJ{_mixed(draw, 30)}.eyJ{_mixed(draw, 40)}.{_mixed(draw, 43)}")


KINDS: dict[str, Callable[[Random], Planted]] = {
    "password": lambda draw: _formless(_mixed(draw, 9) + "&!" + _mixed(draw, 5)),
    "passphrase": lambda draw: _formless(" ".join(_mixed(draw, 7).lower() for _ in range(4))),
    "opaque key": lambda draw: _formless(f"zk-{_mixed(draw, 21)}"),
    "client secret": lambda draw: _formless(f"{_mixed(draw, 17)}_{_mixed(draw, 17)}-{_mixed(draw, 6)}"),
    "JWT": _jwt,
    "e-mail": lambda draw: _same(f"{_mixed(draw, 9).lower()}@{_mixed(draw, 8).lower()}.example"),
    "card": lambda draw: _same(_luhn(draw)),
    "card in groups": lambda draw: _same(_in_groups(_luhn(draw))),
    "private key": lambda draw: _behind(
        "-----BEGIN PRIVATE KEY-----\n", _mixed(draw, 64) + "\n" + _mixed(draw, 64), "\n-----END PRIVATE KEY-----\n"
    ),
    "AWS key": lambda draw: _behind("AKIA", _mixed(draw, 16).upper()),
    "AWS secret key": lambda draw: _same(_mixed(draw, 40)),
    "session id": lambda draw: _same(_hex(draw)),
    "session id of Django": lambda draw: _same(_lower(draw)),
    "social security number": lambda draw: _same(
        f"{draw.randint(100, 665)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}"
    ),
    "IBAN": lambda draw: _same(_iban(draw)),
    "phone": lambda draw: _same(f"+49 170 {draw.randint(1000000, 9999999)}"),
    "American phone": lambda draw: _same(
        f"({draw.randint(212, 989)}) {draw.randint(212, 989)}-{draw.randint(1000, 9999)}"
    ),
    "URL": lambda draw: _behind("postgres://app:", f"{_mixed(draw, 6)}/{_mixed(draw, 8)}%21", "@db.internal:5432/shop"),
    "Basic": _basic,
    "GitHub token": lambda draw: _behind("ghp_", _mixed(draw, 36)),
}


# --- channels ------------------------------------------------------------------------------------------------------

SERVICE = """
    import dataclasses, hashlib, json, os, pathlib, sqlite3, typing
    from urllib.parse import parse_qs, unquote

    KNOWN = set(pathlib.Path(__file__).with_name("known.txt").read_text().split())

    def known(value):
        data = value if isinstance(value, bytes) else str(value).encode()
        return hashlib.sha256(data).hexdigest()[:12] in KNOWN

    def work(value):
        if not known(value):
            raise PermissionError("nobody")
        return "done"

    @dataclasses.dataclass
    class Client:
        name: str
        password: str

    class Holder:
        pass

    class Pair(typing.NamedTuple):
        note: str
        size: int

    # What the parts of a request hold, named by how they are read.
    def text_in(environ, body, how):
        kind, _, name = how.partition(" ")
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if kind == "header":
            value = environ["HTTP_" + name]
            return value.removeprefix("Bearer ") if name == "AUTHORIZATION" and value.startswith("Bearer ") else value
        if kind == "cookie":
            return unquote(environ["HTTP_COOKIE"].partition(name + "=")[2].partition(";")[0])
        if kind == "query":
            return query[name][0]
        if kind == "form":
            return parse_qs(body.decode())[name][0]
        if kind == "json":
            found = json.loads(body)
            for step in name.split("."):
                found = found[int(step) if step.isdigit() else step]
            return found
        if kind == "between":
            before, after = name.split("|")
            return unquote(body.decode().partition(before)[2].partition(after)[0]) if "%" in before else (
                body.decode().partition(before)[2].partition(after)[0])
        if kind == "path":
            return environ["PATH_INFO"].removeprefix("/open/")
        if kind == "referer":
            return unquote(environ["HTTP_REFERER"].partition("access_token=")[2])
        return body.decode()

    def app(environ, start_response):
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size)
        value = text_in(environ, body, environ["HTTP_HOW"])
        done = work(value)
        answer = environ.get("HTTP_ANSWER", "json size")
        kind, _, name = answer.partition(" ")
        headers = [("Content-Type", "application/json")]
        said = json.dumps({"done": done, "size": len(value)})
        if kind == "json" and name != "size":
            said = json.dumps({"done": done, name: value})
        elif kind == "header":
            headers.append((name, value.replace("\\n", " ")))
        elif kind == "cookie":
            headers.append(("Set-Cookie", name + "=" + value.replace("\\n", " ") + "; Path=/; HttpOnly"))
        elif kind == "html":
            headers = [("Content-Type", "text/html")]
            field = "<input type='hidden' name=\\"csrf_token\\" value=\\"" + value.replace('"', "") + "\\">"
            said = "<form>\\n" + field + "\\n\\n</form>"
        elif kind == "text":
            headers = [("Content-Type", "text/plain")]
            said = "you sent " + value + " to us"
        start_response("200 OK", headers)
        return [said.encode()]

    # Functions: what is secret goes in or out in many shapes.
    def login(user, password): return work(password)
    def call(user, *, api_key): return work(api_key)
    def plain(note, password=None): return work(note)
    def inside(text, password=None): return work(text.removeprefix("it is ").removesuffix(" I say"))
    def keyed(given, password=None): return work(given["secret"] if "secret" in given else given["note"])
    def listed(given, password=None): return work(list(given)[0])
    def raw(data, password=None): return work(bytes(data))
    def of_client(client, password=None): return work(client.password)
    def of_holder(holder, password=None): return work(holder.note)
    def of_nested(outer, password=None): return work(outer["holders"][0].note)
    def of_pair(pair, password=None): return work(pair.note)
    def headers(pairs, password=None): return work(pairs[0][1])
    def field(given, password=None): return work(given["value"])
    def path_of(path, password=None): return work(unquote(path.name))
    def make_token(seed, password): return password if known(password) else ""
    def echo(note, password=None): return [work(note), note]
    def boxed(note, password=None): return work(note), {"text": f"<{note}>"}
    def changed(given, password=None):
        given["copy"] = [given["note"], work(given["note"])]
    def inner_named(password): return len(load_password(password)) > 3
    def load_password(password): return password if known(password) else "-"
    def inner(note, password=None): return len(loaded(note)) > 3
    def loaded(note): return note if known(note) else "-"
    def printed(note, password=None):
        print("seen", note)
        return work(note)
    def failed(note, password=None):
        work(note)
        raise ValueError("no such thing: " + note)
    def failed_with(note, password=None):
        error = LookupError("gone")
        error.note = [work(note), note]
        raise error
    def from_environment(name, password=None): return work(os.environ[name])

    def database():
        db = sqlite3.connect(":memory:")
        db.execute("CREATE TABLE client (name TEXT, password TEXT, note TEXT)")
        return db
    def sql_parameter(password):
        db = database()
        db.execute("INSERT INTO client (name, password) VALUES (?, ?)", ("ada", password))
        row = db.execute("SELECT name FROM client WHERE password = ?", (password,)).fetchone()
        db.close()
        return work(password), row
    def sql_neutral(note, password=None):
        db = database()
        db.execute("INSERT INTO client (note) VALUES (?)", (note,))
        row = db.execute("SELECT note FROM client").fetchone()
        db.close()
        return work(row[0])
    def sql_literal(password):
        db = database()
        quoted = password.replace("'", "''")
        db.execute(f"INSERT INTO client (name, password) VALUES ('ada', '{quoted}')")
        row = db.execute(f"SELECT count(*) FROM client WHERE password = '{quoted}'").fetchone()
        db.close()
        return work(password), row
    def sql_row(seed, password):
        db = database()
        db.execute("INSERT INTO client (name, password) VALUES ('ada', ?)", (password,))
        row = db.execute("SELECT name, password FROM client").fetchone()
        db.close()
        return work(row[1])
    def gateway(kind, value): return ["no", "ok"][hashlib.sha256(value.encode()).hexdigest()[:12] in KNOWN]
    def keys(number): return SECRETS[number]
    SECRETS = {}
    def outbound_named(password): return gateway("password", {"password": password}["password"])
    def outbound(note, password=None): return [gateway("note", note), work(note)]
    def fetched(number, password): return work(keys(number))
    """


class Run(NamedTuple):
    """One pair, ready to be run."""

    planted: Planted
    number: int

    @property
    def beside(self) -> dict[str, str]:
        """Where a secret without a form is named."""
        return {} if self.planted.has_form else {"password": self.planted.value}


Channel = Callable[[Any, Run], object]


def _send(
    shop: Any, run: Run, how: str, *, answer: str = "", path: str = "/open", body: str = "", **headers: str
) -> object:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": headers.pop("QUERY", ""),
        "SERVER_NAME": "t",
        "SERVER_PORT": "80",
        "HTTP_HOW": how,
        "CONTENT_LENGTH": str(len(body.encode())),
        "wsgi.input": io.BytesIO(body.encode()),
        "wsgi.url_scheme": "http",
        **{name if name == "CONTENT_TYPE" else f"HTTP_{name}": value for name, value in headers.items()},
        **({"HTTP_ANSWER": answer} if answer else {}),
        **({"HTTP_X_PASSWORD": run.planted.value} if run.beside else {}),
    }
    said = shop.app(environ, lambda status, headers: None)
    return b"".join(said)


def _request(how: str, **parts: Callable[[str], str]) -> Channel:
    def send(shop: Any, run: Run) -> object:
        value = run.planted.value.replace("\n", " ") if how.startswith(("header", "cookie")) else run.planted.value
        return _send(shop, run, how, **{name: make(value) for name, make in parts.items()})

    return send


def _answer(answer: str) -> Channel:
    def send(shop: Any, run: Run) -> object:
        return _send(shop, run, "text", body=run.planted.value, answer=answer)

    return send


def _call(name: str, shape: Callable[[Any, str], object] = lambda shop, value: value) -> Channel:
    def call(shop: Any, run: Run) -> object:
        return getattr(shop, name)(shape(shop, run.planted.value), **run.beside)

    return call


def _named(name: str, *first: object) -> Channel:
    return lambda shop, run: getattr(shop, name)(*first, run.planted.value)


def _environment(shop: Any, run: Run, name: str) -> object:
    import os

    variable = f"{name}_{run.number}"
    os.environ[variable] = run.planted.value
    try:
        return shop.from_environment(variable, **run.beside)
    finally:
        del os.environ[variable]


def _fetched(shop: Any, run: Run) -> object:
    shop.SECRETS[run.number] = run.planted.value
    return shop.fetched(run.number, run.planted.value)


def _holder(shop: Any, value: str) -> object:
    """An object of the service that nothing of it made: else that would be a run of its own, which names no secret."""
    made = shop.Holder()
    made.note = value
    return made


def _json(value: str) -> str:
    import json

    return json.dumps(value)


_PART = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n--x--\r\n'

CHANNELS: dict[str, Channel] = {
    "header Authorization": _request("header AUTHORIZATION", AUTHORIZATION=lambda v: v if " " in v else f"Bearer {v}"),
    "header X-Api-Key": _request("header X_API_KEY", X_API_KEY=str),
    "header X-Auth-Token": _request("header X_AUTH_TOKEN", X_AUTH_TOKEN=str),
    "header User-Agent": _request("header USER_AGENT", USER_AGENT=str),
    "cookie session_id": _request("cookie session_id", COOKIE=lambda v: f"theme=dark; session_id={quote(v)}"),
    "cookie pref": _request("cookie pref", COOKIE=lambda v: f"pref={quote(v)}; theme=dark"),
    "referer": _request("referer", REFERER=lambda v: f"https://x.example/a?access_token={quote(v)}"),
    "query password": _request("query password", QUERY=lambda v: f"a=1&password={quote(v)}"),
    "query token": _request("query token", QUERY=lambda v: f"token={quote_plus(v)}&b=2"),
    "query note": _request("query note", QUERY=lambda v: f"note={quote_plus(v)}&b=2"),
    "form password": _request("form password", body=lambda v: f"a=1&password={quote_plus(v)}"),
    "form note": _request("form note", body=lambda v: f"a=1&note={quote_plus(v)}&b=2"),
    "form note, percent": _request("form note", body=lambda v: f"note={quote(v, safe='')}"),
    "json password": _request("json password", body=lambda v: f'{{"a": 1, "password": {_json(v)}}}'),
    "json nested": _request("json credentials.inner.0", body=lambda v: f'{{"credentials": {{"inner": [{_json(v)}]}}}}'),
    "json note": _request("json note", body=lambda v: f'{{"note": {_json(v)}, "a": 1}}'),
    "json list": _request("json notes.1", body=lambda v: f'{{"notes": ["x", {_json(v)}]}}'),
    "multipart secret": _request("between \r\n\r\n|\r\n--x--", body=lambda v: _PART.format("secret", v)),
    "multipart note": _request("between \r\n\r\n|\r\n--x--", body=lambda v: _PART.format("note", v)),
    "xml password": _request("between <password>|</password>", body=lambda v: f"<u><password>{v}</password></u>"),
    "xml note": _request("between <note>|</note>", body=lambda v: f"<u><note>{v}</note></u>"),
    "text": _request("between it is | I say", body=lambda v: f"it is {v} I say"),
    "line": _request("between note: |\n;;", body=lambda v: f"a line\nnote: {v}\n;;\n"),
    "path": lambda shop, run: _send(shop, run, "path", path=f"/open/{run.planted.value}"),
    "answer json token": _answer("json access_token"),
    "answer json note": _answer("json note"),
    "answer header": _answer("header X-Session-Token"),
    "answer neutral header": _answer("header X-Note"),
    "answer cookie": _answer("cookie session_id"),
    "answer neutral cookie": _answer("cookie pref"),
    "answer html": _answer("html"),
    "answer text": _answer("text"),
    "password argument": _named("login", "ada"),
    "keyword argument": lambda shop, run: shop.call("ada", api_key=run.planted.value),
    "argument": _call("plain"),
    "inside an argument": _call("inside", lambda shop, v: f"it is {v} I say"),
    "dict secret": _call("keyed", lambda shop, v: {"secret": v}),
    "dict note": _call("keyed", lambda shop, v: {"note": v, "n": 1}),
    "list": _call("listed", lambda shop, v: [v, 2]),
    "tuple": _call("listed", lambda shop, v: (v,)),
    "set": _call("listed", lambda shop, v: {v}),
    "frozen set": _call("listed", lambda shop, v: frozenset([v])),
    "bytes": _call("raw", lambda shop, v: v.encode()),
    "bytearray": _call("raw", lambda shop, v: bytearray(v.encode())),
    "dataclass": _call("of_client", lambda shop, v: shop.Client("ada", v)),
    "object": _call("of_holder", _holder),
    "nested object": _call("of_nested", lambda shop, v: {"holders": [_holder(shop, v)]}),
    "named tuple": _call("of_pair", lambda shop, v: shop.Pair(v, 3)),
    "header pairs": _call("headers", lambda shop, v: [("Authorization", v)]),
    "name and value": _call("field", lambda shop, v: {"name": "password", "value": v}),
    "path object": _call("path_of", lambda shop, v: Path("/x") / quote(v, safe="")),
    "result of make_token": _named("make_token", 1),
    "result": _call("echo"),
    "inside a result": _call("boxed"),
    "changed argument": _call("changed", lambda shop, v: {"note": v}),
    "result of an inner load_password": _named("inner_named"),
    "result of an inner call": _call("inner"),
    "printed": _call("printed"),
    "exception": _call("failed"),
    "attribute of an exception": _call("failed_with"),
    "environment API_SECRET": lambda shop, run: _environment(shop, run, "API_SECRET"),
    "environment NOTE": lambda shop, run: _environment(shop, run, "NOTE"),
    "SQL parameter": _named("sql_parameter"),
    "SQL parameter note": _call("sql_neutral"),
    "SQL literal": _named("sql_literal"),
    "SQL row": _named("sql_row", 1),
    "outbound password": _named("outbound_named"),
    "outbound note": _call("outbound"),
    "outbound answer": _fetched,
    "UUID key": _call("keyed", lambda shop, v: {"note": v, str(uuid.UUID(int=7)): 1}),
    "long text": _call("inside", lambda shop, v: f"it is {v} I say"),
    "base64": _call("listed", lambda shop, v: [v, base64.b64encode(f"so {v} it".encode()).decode()]),
}


def known_text(value: str) -> Iterator[str]:
    """Digests of what a service may be shown of a value."""
    for text in (value, value.replace("\n", " "), value.removeprefix("Bearer ")):
        yield hashlib.sha256(text.encode()).hexdigest()[:DIGEST]


# --- the measure ---------------------------------------------------------------------------------------------------


class Measured(NamedTuple):
    """What was found."""

    planted: int
    failed: list[str]
    """Pairs that the service itself did not get through."""
    leaks: dict[str, list[str]]
    """Where a secret was found → pairs."""
    with_key: Counter[str]
    without_key: Counter[str]
    unfaithful: list[str]
    """Pairs that do not replay as they were recorded although the key is there."""


def pairs(share: float, seed: int = 1) -> dict[str, tuple[Channel, Run]]:
    """The pairs that are run, by name."""
    draw = Random(seed)
    every = [
        (f"{kind} through {channel}", CHANNELS[channel], Run(KINDS[kind](draw), number))
        for number, (channel, kind) in enumerate((channel, kind) for channel in CHANNELS for kind in KINDS)
    ]
    step = max(round(1 / share), 1)
    return {name: (channel, run) for name, channel, run in every[:: step if step % 20 else step + 1]}


def measure(folder: Path, share: float = 1.0) -> Measured:
    """Record all pairs, replay them with and without the key, and look everywhere."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from pytest_runtime.testing import Scenario

    chosen = pairs(share)
    key = new_private_key()
    digests = {text for _channel, run in chosen.values() for text in known_text(run.planted.value)}
    (folder / "known.txt").write_text("\n".join(sorted(digests)))
    options: dict[str, Any] = {"recipients": (recipient_of(key),), "exemplars": 10_000, "app": "shop:app"}
    scenario = Scenario(folder, {"shop": SERVICE}, boundaries=(), **options)
    scenario.base.mkdir(exist_ok=True)
    (scenario.base / "known.txt").write_text((folder / "known.txt").read_text())
    names = scenario.names["shop"]
    scenario._options["boundaries"] = (f"{names}.gateway", f"{names}.keys")
    failed: list[str] = []

    def traffic(shop: Any) -> None:
        with redirect_stdout(io.StringIO()):
            for number, (name, (channel, run)) in enumerate(chosen.items(), 1):
                if not number % PAUSE:
                    time.sleep(1.0)
                try:
                    channel(shop, run)
                except (ValueError, LookupError) as expected:
                    if "no such thing" not in str(expected) and str(expected) != "'gone'" and str(expected) != "gone":
                        failed.append(f"{name}: {expected!r}")
                except Exception as error:  # noqa: BLE001 - a pair of the measure itself is told
                    failed.append(f"{name}: {type(error).__name__}")

    scenario.record(traffic)
    if scenario.recording is not None:
        print(scenario.recording.summary(), file=sys.stderr)
    texts = {"store": b"".join(data for _where, data in _contents(scenario.store))}
    seal = scenario.seal(keys=[key])
    unfaithful = [sealed.why.sentence for one in seal.traces if (sealed := seal.trace(one)) is not None and sealed.why]
    scenario.change("shop", 'return "done"', 'return "finished"')
    shown: dict[str, Counter[str]] = {}
    for how, keys in (("with the key", [key]), ("without the key", [])):
        replayed = scenario.judge(keys=keys, everything=True)
        shown[how] = Counter(replayed.counts)
        texts[how] = repr(replayed).encode("utf-8", "surrogatepass")
    texts["kept files"] = b"".join(path.read_bytes() for path in (folder / ".runtime").rglob("*") if path.is_file())
    leaks = {
        where: [name for name, (_channel, run) in chosen.items() if _stands_in(run.planted.secret, data)]
        for where, data in texts.items()
    }
    return Measured(len(chosen), failed, leaks, shown["with the key"], shown["without the key"], unfaithful)


def _contents(store: str) -> Iterator[tuple[str, bytes]]:
    with closing(open_reader(store)) as reader:
        yield from reader.contents()


def _stands_in(secret: str, data: bytes) -> bool:
    return any(spelling.encode() in data for spelling in written_forms(secret) if len(spelling) > 6)


def main() -> int:
    """Measure and print; 1 where a secret was found."""
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), share)
    print(f"{found.planted} secrets of {len(KINDS)} kinds through {len(CHANNELS)} channels")
    for where, names in found.leaks.items():
        print(f"  in clear in {where}: {len(names)}{' ' + '; '.join(names[:12]) if names else ''}")
    print(f"  judged with the key: {dict(found.with_key)}; without: {dict(found.without_key)}")
    for problem in found.failed[:20]:
        print(f"  not run: {problem}")
    for reason, count in Counter(found.unfaithful).most_common(12):
        print(f"  unfaithful {count}: {reason[:200]}")
    return 1 if any(found.leaks.values()) or found.failed else 0


if __name__ == "__main__":
    sys.exit(main())
