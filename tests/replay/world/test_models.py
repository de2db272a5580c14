"""Models and values of libraries for data: pydantic, attrs, msgspec, SQLAlchemy, Django, requests, httpx.

Each is given, returned and changed by a service: unchanged it is the same, and a change of one part is named.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import (
    DictNode,
    ListNode,
    ObjectNode,
    StandardNode,
    Tree,
    TupleNode,
    contains_opaque,
    decode,
    encode,
    walk,
)
from pytest_runtime.replay.compare.tree_diff import tree_differences
from pytest_runtime.replay.model.render import literal
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable
from pytest_runtime.testing.scenario import Scenario

HERE = Resolver([__name__.partition(".")[0]])


def again(value: object) -> Any:
    """Captured, written, read and built."""
    return build(decode(encode(capture(value))), HERE)


MODELS = """
from typing import Any
from pydantic import BaseModel, ConfigDict, HttpUrl, PrivateAttr, RootModel, SecretStr
from pydantic.dataclasses import dataclass

class Item(BaseModel):
    name: str
    price: float = 1.5

class Order(BaseModel):
    model_config = ConfigDict(extra="allow")
    items: list[Item]
    link: HttpUrl
    key: SecretStr
    _hits: int = PrivateAttr(default=0)

class Names(RootModel[list[str]]):
    pass

@dataclass
class Point:
    x: int

def given():
    order = Order(items=[Item(name="a"), Item(name="b", price=2)], link="http://x/y", key="k" * 12, color="red")
    order._hits = 3
    return [order, Names(["a"]), Point(x=1)]
"""
ATTRS = """
import attrs
import msgspec

@attrs.define
class Slotted:
    a: int
    b: list = attrs.field(factory=list)

@attrs.frozen
class Frozen:
    a: int = attrs.field(converter=int)

@attrs.frozen(cache_hash=True)
class Hashed:
    a: int

class Struct(msgspec.Struct):
    a: int
    b: list[int] = []

class Checked(msgspec.Struct, frozen=True, weakref=True):
    a: int

    def __post_init__(self):
        RAN.append(self.a)

class Below(Checked, frozen=True, dict=True):
    b: int = 2

    def __post_init__(self):
        RAN.append(self.b)

class Tagged(msgspec.Struct, tag=True, gc=False, frozen=True, cache_hash=True):
    a: int

RAN = []

def given():
    return [Slotted(1, [2]), Frozen("3"), Hashed(4), Struct(5, [6]), Checked(7), Below(8, 9), Tagged(10)]
"""
MAPPED = """
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    posts: Mapped[list["Post"]] = relationship(back_populates="user")

class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    user: Mapped[User] = relationship(back_populates="posts")
"""
RESPONSES = """
import httpx
import requests

def answered(body, status):
    found = requests.Response()
    found.status_code, found._content, found.url = status, body, "http://x/y"
    found.headers["Content-Type"], found.encoding = "application/json", "utf-8"
    found.request = requests.Request("GET", "http://x/y", params={"q": 1}).prepare()
    return found

def given():
    asked = httpx.Request("GET", "http://x/y")
    return [answered(b"[1]", 200), httpx.Response(200, json=[1], request=asked), httpx.URL("http://x/y")]
"""


def _service(folder: Path, source: str, result: str) -> Scenario:
    """A service that is given what `given` makes, outside of what is recorded."""
    header, _, given = source.partition("def given():")

    def traffic(shop: Any) -> None:
        space = {**vars(shop), "__name__": "outside"}
        exec(f"def given():{given}", space)
        shop.work(space["given"]())

    return Scenario(folder, {"shop": f"{header}\ndef work(v):\n    return {result}\n"}).record(traffic)


def _of_work(scenario: Scenario) -> tuple[list[str], set[str]]:
    """The verdicts of the calls of `work`, and the fields in which they differ."""
    replayed = scenario.replay()
    traces = [trace for one in replayed.classes if one.entry.endswith(":work") for trace in one.traces]
    found = {difference.field for trace in traces for difference in trace.differences}
    return [trace.verdict + trace.reason for trace in traces], found


CHANGES: list[tuple[str, str, str, str, set[str]]] = [
    ("pydantic", MODELS, "v", "[v[0].model_copy(update={'color': 'blue'}), *v[1:]]", {"return[0].model_extra.color"}),
    (
        "secret",
        MODELS,
        "v",
        "[v[0].model_copy(update={'key': SecretStr('q' * 12)})]",
        {"return[0].key.get_secret_value()"},
    ),
    ("root", MODELS, "v[1:]", "[Names(['b']), v[2]]", {"return[0].root[0]"}),
    ("url", MODELS, "v[0]", "v[0].model_copy(update={'link': HttpUrl('http://x/z')})", {"return.link.url"}),
    ("use", MODELS, "v[0].model_dump_json()", "v[0].model_dump_json(exclude={'items'})", {"return"}),
    ("private", MODELS, "v[0]._hits", "v[0]._hits + 1", {"return"}),
    ("dataclass", MODELS, "v[2]", "Point(x=2)", {"return.x"}),
    (
        "attrs",
        ATTRS,
        "v",
        "[Slotted(1, [7]), Frozen(4), Hashed(5), *v[3:]]",
        {"return[0].b[0]", "return[1].a", "return[2].a"},
    ),
    ("structs", ATTRS, "v[3:]", "[Struct(5, [1]), *v[4:6], Tagged(11)]", {"return[0].b[0]", "return[3].a"}),
    ("hashes", ATTRS, "hash(v[2]) == hash(Hashed(4)), hash(v[6]) == hash(Tagged(10))", "1", {"return"}),
    ("ran", ATTRS, "len(RAN)", "len(RAN) + 1", {"return"}),
    ("responses", RESPONSES, "v[0]", "answered(b'[2]', 200)", {"return.content"}),
    ("status", RESPONSES, "v[0].json(), v[0].ok, v[0].headers['content-type'], v[0].request.url", "1", {"return"}),
    ("httpx", RESPONSES, "v[1]", "httpx.Response(404, json=[1], request=v[1].request)", {"return.status_code"}),
    ("body", RESPONSES, "v[1].json(), v[1].headers['content-type'], str(v[1].request.url)", "1", {"return"}),
    ("address", RESPONSES, "v[2]", "httpx.URL('http://x/z')", {"return.url[4]"}),
]


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case[0])
def test_a_service_of_models(tmp_path: Path, case: tuple[str, str, str, str, set[str]]) -> None:
    """Unchanged it is the same; a change of one part is named."""
    _name, header, result, changed, wanted = case
    scenario = _service(tmp_path, header, result)
    assert _of_work(scenario) == (["same"], set())
    scenario.change("shop", f"return {result}\n", f"return {changed}\n")
    verdicts, found = _of_work(scenario)
    assert verdicts == ["diverged"]
    assert wanted <= found


# --- SQLAlchemy ------------------------------------------------------------------------------------------------------

ROWS = (
    MAPPED
    + """
def given():
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(User(id=1, name="ann", posts=[Post(id=1, title="t")]))
        session.commit()
        row = session.execute(select(User.id, User.name)).one()
        user = session.get(User, 1)
        user.posts
        session.expunge_all()
    engine.dispose()
    return [user, row, User(name="new")]
"""
)


@pytest.mark.parametrize(
    ("result", "changed", "wanted"),
    [
        ("v[0]", "[setattr(v[0].posts[0], 'title', 'z'), v[0]][1]", "return.posts[0].title"),
        ("v[1]", "v[1]._mapping['name']", "return"),
        ("v[1].name, v[1][0], tuple(v[1])", "v[1].name, v[1][0] + 1, tuple(v[1])", "return[1]"),
        ("[v[2].posts.append(Post(title='x')), v[2].posts[0].user is v[2]][1]", "0", "return"),
    ],
)
def test_rows_and_instances(tmp_path: Path, result: str, changed: str, wanted: str) -> None:
    """Of instances what was loaded, detached from every session; of rows names and values."""
    scenario = _service(tmp_path, ROWS, result)
    assert _of_work(scenario) == (["same"], set())
    scenario.change("shop", f"return {result}\n", f"return {changed}\n")
    verdicts, found = _of_work(scenario)
    assert verdicts == ["diverged"]
    assert wanted in found


def test_an_instance_is_recorded_without_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is loaded, and neither mappers nor what else the session knows is followed."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.orm import Session, object_session
    from sqlalchemy.pool import StaticPool

    module = types.ModuleType("mapped_models")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    space = vars(module)
    exec(MAPPED, space)
    engine = create_engine("sqlite://", poolclass=StaticPool)
    space["Base"].metadata.create_all(engine)
    with Session(engine) as session:
        session.add(space["User"](id=1, name="ann"))
        session.commit()
        user = session.get(space["User"], 1)
        session.expire(user)
        asked: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        frozen = freeze(user)
        assert asked == []
        assert object_session(user) is session
    engine.dispose()
    assert len(frozen.data) < 1_000
    tree = capture(user)
    (state,) = (part for part in walk(tree) if isinstance(part, StandardNode))
    assert state.parts[0] == TupleNode([1])
    assert state.parts[1] == ListNode(["id", "name", "posts"])


# --- Django ----------------------------------------------------------------------------------------------------------

DJANGO = """
import sys
from pathlib import Path

from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.testing.scenario import Scenario

scenario = Scenario(
    Path(sys.argv[1]),
    {
        "shop": '''
        import django
        from django.conf import settings

        if not settings.configured:
            settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
            django.setup()
        from django.db import models

        class User(models.Model):
            name = models.CharField(max_length=50)

            class Meta:
                app_label = __name__

        class Post(models.Model):
            user = models.ForeignKey(User, on_delete=models.CASCADE)

            class Meta:
                app_label = __name__

        def named(post):
            return post.user.name, post.user_id, post

        def found(users):
            return users.filter(name="x")
        '''
    },
)

def traffic(shop):
    shop.named(shop.Post(id=1, user=shop.User(id=2, name="ann")))
    users = shop.User.objects.all()
    freeze(users)
    assert users._result_cache is None
    shop.found(users)

scenario.record(traffic)
print(scenario.judge(everything=True).counts)
scenario.change("shop", 'name="x"', 'name="y"')
print(scenario.judge().fields)
scenario.change("shop", "return post.user.name,", "post.user.name += '!'; return post.user.name,")
print(sorted(scenario.judge().fields))
"""


def test_models_and_query_sets_of_django(tmp_path: Path) -> None:
    """Instances with what is loaded; a query set is what it asks for, and is never evaluated. In a process of its own:
    Django is set up once in each."""
    script = tmp_path / "run.py"
    script.write_text(DJANGO, encoding="utf-8")
    folder = tmp_path / "service"
    folder.mkdir()
    done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first == "{'same': 2}"
    assert second == "{'return.query.sql_with_params()[1][0]': (\"'x'\", \"'y'\")}"
    assert "return[0]" in third
    assert "return[2]._state" not in third


# --- hostile baselines -----------------------------------------------------------------------------------------------

STATE = StandardNode("sqlalchemy.state", [None, ListNode([]), ListNode([])])
HOSTILE: dict[str, Tree] = {
    "state of nothing": ObjectNode(
        f"{__name__}:Plain",
        None,
        ["_sa_instance_state"],
        [StandardNode("sqlalchemy.state", [None, ListNode([]), ListNode([])])],
    ),
    "state by itself, hostile": StandardNode("sqlalchemy.state", [5, ListNode([]), ListNode([])]),
    "row": StandardNode("sqlalchemy.row", [ListNode([5])]),
    "row of no names": StandardNode("sqlalchemy.row", [DictNode([1], [2])]),
    "django": StandardNode("django.state", [None, True, ListNode([])]),
    "address": StandardNode("pydantic.url", ["SchemaValidator", "x"]),
}


class Plain:
    """A class that nothing maps."""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_baseline_builds_nothing(name: str) -> None:
    """It is refused with a reason; looking at it fails as little."""
    for module in ("django.db.models.base", "pydantic_core", "sqlalchemy.orm"):  # as code under test would have
        importlib.import_module(module)
    tree = HOSTILE[name]
    with pytest.raises(Unbuildable):
        build(tree, HERE)
    literal(tree)
    tree_differences(tree, capture(5))


def test_addresses_and_model_states_are_built_again() -> None:
    """What pydantic writes in Rust, and what Django keeps at an instance."""
    ModelState = importlib.import_module("django.db.models.base").ModelState
    from pydantic_core import MultiHostUrl, Url

    state = ModelState()
    state.db, state.adding = "default", False
    state.fields_cache["user"] = [1]
    made = again([Url("http://x/y?z=1"), MultiHostUrl("redis://a:1,b:2/0"), state])
    assert [str(part) for part in made[:2]] == ["http://x/y?z=1", "redis://a:1,b:2/0"]
    assert (made[2].db, made[2].adding, made[2].fields_cache) == ("default", False, {"user": [1]})
    assert contains_opaque(capture(state)) is None
    assert literal(capture(Url("http://x/y"))) == "'http://x/y'"


# --- objects of libraries whose value is private ---------------------------------------------------------------------

OUTSIDE = """
class Box:
    def __init__(self, value):
        self.kind = "box"
        self._value = value
"""


def test_an_object_of_a_library_is_not_the_same_for_its_public_names(tmp_path: Path, monkeypatch: Any) -> None:
    """Where its private state is another nobody knows what a caller reads, and the trace is not judged."""
    (tmp_path / "outside_of_it.py").write_text(OUTSIDE, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "outside_of_it", raising=False)
    source = "import outside_of_it\n\ndef made(value):\n    return [outside_of_it.Box(value + 1)]\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.made(1))
    assert scenario.replay().counts == {"same": 1}
    scenario.change("shop", "value + 1", "1 + value")
    assert scenario.replay().counts == {"same": 1}
    scenario.change("shop", "1 + value", "2 + value")
    replayed = scenario.replay()
    assert replayed.counts == {"not judged": 1}
    assert "return[0]: outside_of_it.Box: nothing public of it differs" in "".join(replayed.reasons)


@pytest.mark.parametrize(
    ("header", "made", "changed", "field"),
    [
        ("import urllib.request", "urllib.request.Request('http://x', b'a')", "b'a')→b'b')", "return.data"),
        ("import configparser", "configparser.ConfigParser({'k': 'a'})", "'a'→'b'", "return.defaults().k"),
        (
            "from email.message import Message",
            "Message()",
            "= Message()→= Message(); found['Subject'] = 'x'",
            "return.items()[0]",
        ),
    ],
)
def test_what_a_library_keeps_privately_is_compared(
    tmp_path: Path, header: str, made: str, changed: str, field: str
) -> None:
    """Under the name by which callers read it."""
    source = f"{header}\n\ndef made():\n    found = {made}\n    return found\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.made())
    assert scenario.replay().counts == {"same": 1}
    scenario.change("shop", *changed.split("→"))
    assert set(scenario.replay().fields) == {field}
