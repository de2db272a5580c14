"""Instrumenting: marked code does what it did before, and tells its decisions, values and results."""

from __future__ import annotations

import argparse
import ast
import asyncio
import difflib
import importlib.util
import json.decoder
import json.encoder
import statistics
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_runtime.recorders import context
from pytest_runtime.recorders.tracing.branch_table import BranchTable
from pytest_runtime.replay.execute.instrument.scopes import MARKERS
from pytest_runtime.replay.execute.instrument.source import instrumented
from pytest_runtime.replay.execute.line_tracer import Steps
from pytest_runtime.replay.model.render import short
from pytest_runtime.replay.model.steps import Detail, Event

from ...recorders.tracing.test_tracing import BRANCHES


def module(source: str, *, marked: bool = True, name: str = "shop") -> dict[str, Any]:
    """The names of a module that ran."""
    source = textwrap.dedent(source)
    names: dict[str, Any] = {"__name__": name}
    exec(instrumented(source, name, f"/{name}.py") if marked else compile(source, f"/{name}.py", "exec"), names)
    return names


@contextmanager
def recorded() -> Iterator[Steps]:
    """A trace whose steps are recorded."""
    with Steps() as steps, context.within(context.Scope(None)):
        yield steps


def steps_of(source: str, call: Callable[[dict[str, Any]], Any]) -> list[Event]:
    """The steps of a call."""
    names = module(source)
    with recorded() as steps:
        call(names)
    assert steps.faults == 0
    return steps.detail().events


def told(events: list[Event]) -> list[str]:
    """Steps in short."""
    return [
        " ".join([event.kind, event.key, event.arm, *(f"{text}={short(value)}" for text, value in event.values)])
        for event in events
    ]


def decisions(events: list[Event]) -> list[str]:
    """Decisions in short, with their operands."""
    return [
        " ".join([event.key, event.arm, *(f"{text}={short(value)}" for text, value in event.values)])
        for event in events
        if event.kind == "decision"
    ]


def decided(body: str, *arguments: Any, parameters: str = "a, b=None, c=None") -> list[str]:
    """The decisions of a function with this body."""
    source = f"def f({parameters}):\n" + textwrap.indent(textwrap.dedent(body), "    ")
    return decisions(steps_of(source, lambda names: names["f"](*arguments)))


# --- what it tells -----------------------------------------------------------------------------------------------


def test_comparisons_report_their_operands() -> None:
    """Each operand that is no constant, by its text and value; chained ones as far as they are evaluated."""
    assert decided("if a > 10: pass", 3) == ["a > 10 false a=3"]
    assert decided("if len(a) + 1 >= b: pass", [1], 2) == ["len(a) + 1 >= b true len(a) + 1=2 b=2"]
    assert decided("if 0 < a < b < c: pass", 5, 4, 9) == ["0 < a < b < c false a=5 b=4"]
    assert decided("if a is not None: pass", None) == ["a is not None false a=None"]
    assert decided("if a in (1, 2): pass", 2) == ["a in (1, 2) true a=2"]


def test_other_conditions_report_their_value() -> None:
    """Names, attributes and calls."""
    assert decided("if a: pass", []) == ["a false a=[]"]
    assert decided("if a.strip(): pass", " x ") == ["a.strip() true a.strip()='x'"]
    assert decided("if not a: pass", 0) == ["a false a=0"]


def test_short_circuits() -> None:
    """Operands that are evaluated are told, others are not; in conditions and where the value counts."""
    assert decided("if a and b or c: pass", 0, 1, 2) == ["a false a=0", "c true c=2"]
    assert decided("return a or b", 0, 7) == ["a false a=0"]
    assert decided("return a and b or c", 1, 0, 3) == ["a true a=1", "b false b=0"]
    assert decided("return a and b or c", 0, 1, 3) == ["a false a=0"]
    assert decided("return a and b or c", 1, 2, 3) == ["a true a=1", "b true b=2"]
    assert decided("return (a or b) and c", 0, 2, 3) == ["a false a=0", "b true b=2"]
    assert decided("return (a or b) and c", 0, 0, 3) == ["a false a=0", "b false b=0"]
    assert decided("return not a or b > 3 or c", 1, 2, 3) == ["a true a=1", "b > 3 false b=2"]


def test_loops_are_reported_once() -> None:
    """Whether a loop was entered, not each iteration; each test of a `while` is one."""
    assert decided("for x in a: pass", [1, 2, 3]) == ["for x in a entered a=[1, 2, 3]"]
    assert decided("for x in a: pass", []) == ["for x in a ended a=[]"]
    assert decided("for x in a:\n    break\nelse:\n    pass", [1]) == ["for x in a entered a=[1]"]
    assert decided("while a:\n    a -= 1", 2) == ["a true a=2", "a true a=1", "a false a=0"]
    assert decided("return [x for x in a if x > 1]", [1, 2]) == [
        "for x in a entered a=[1, 2]",
        "x > 1 false x=1",
        "x > 1 true x=2",
    ]
    assert decided("return list(x for x in a)", []) == ["for x in a ended a=[]"]
    assert decided("return {x: y for x in a for y in b}", [1], []) == [
        "for x in a entered a=[1]",
        "for y in b ended b=[]",
    ]


def test_match_shows_its_cases() -> None:
    """In order, with the subject; what always matches decides nothing."""
    body = """
        match a:
            case 1:
                return 1
            case [x, y] if x > y:
                return 2
            case {"k": _}:
                return 3
        """
    subject = "a=[1, 2]"
    assert decided(body, [1, 2]) == [
        f"case 1 false {subject}",
        f"case [x, y] true {subject}",
        "x > y false x=1 y=2",
        f"case {{'k': _}} false {subject}",
    ]
    assert decided("match a:\n    case 1:\n        return 1\n    case _:\n        return 2", 5) == ["case 1 false a=5"]


def test_except_shows_what_it_took() -> None:
    """Each class that was asked, and the line at which the exception came."""
    source = """
        def f(a):
            try:
                return int(a)
            except TypeError:
                return 1
            except (ValueError, KeyError) as error:
                return 2
        """
    events = steps_of(source, lambda names: names["f"]("x"))
    assert [one.partition("=")[0] for one in decisions(events)] == [
        "except TypeError false ",
        "except (ValueError, KeyError) true ",
    ]
    raised = next(event for event in events if event.kind == "raise")
    assert (raised.key, raised.line, raised.arm) == ("builtins:ValueError", 4, "caught")


def test_an_exception_that_leaves_is_reported_by_each_function() -> None:
    """With the line of each; the end of a generator and of an iterator is no exception."""
    source = """
        def inner(a):
            return 1 // a

        def outer(a):
            "Docstring."
            return inner(a)

        class Three:
            def __next__(self):
                raise StopIteration

            def __iter__(self):
                return self

        def generator():
            try:
                yield 1
            finally:
                pass

        def quiet():
            for _ in generator():
                break
            return list(Three())
        """

    def fails(names: dict[str, Any]) -> None:
        with pytest.raises(ZeroDivisionError):
            names["outer"](0)

    raised = [event for event in steps_of(source, fails) if event.kind == "raise"]
    assert [(event.function, event.line, event.arm) for event in raised] == [
        ("shop:inner", 3, "left"),
        ("shop:outer", 7, "left"),
    ]
    assert not [event for event in steps_of(source, lambda names: names["quiet"]()) if event.kind == "raise"]


def test_values_are_reported_with_what_takes_them() -> None:
    """Assignments, defaults, augmented ones, results, yields, arguments of calls for their own sake, lambdas."""
    source = """
        class Box:
            pass

        def send(*args, **kwargs):
            pass

        def f(a, rate=2):
            x, y = a, rate
            x += 1
            z: int = x
            if (n := x) > 1:
                send(n, 5, *[y], to="me")
            box = Box()
            box.count = 1
            box.count += 4
            items = {"k": 1}
            items["k"] += 1
            double = lambda value: value * 2
            double(z)
            yield z
        """
    values = [one for one in told(steps_of(source, lambda names: list(names["f"](1)))) if one.startswith("value")]
    assert [one.removeprefix("value ").replace("  =", ": ") for one in values if "Box" not in one] == [
        "rate: 2",
        "(x, y): (1, 2)",
        "x: 2",
        "z: 2",
        "n: 2",
        "send() argument 1: 2",
        "send() argument 2: 5",
        "send() argument *3: [2]",
        "send() to: 'me'",
        "box.count: 1",
        "box.count +=: 4",
        "box.count: 5",
        "items: {'k': 1}",
        "items['k'] +=: 1",
        "items['k']: 2",
        "double: shop.f.<locals>.<lambda>",
        "double() argument 1: 2",
        "lambda: 4",
        "yield: 2",
    ]


def test_functions_are_entered_and_left() -> None:
    """In order, with results; one that ends without `return` returns None at its last line."""
    source = "def f(a):\n    a = 1\n    g(a)\n\ndef g(a):\n    if a:\n        return 5\n"
    events = steps_of(source, lambda names: names["f"](1))
    assert [
        (event.kind, event.function, event.line, short(event.values[0][1]) if event.values else "")
        for event in events
        if event.kind in ("enter", "return")
    ] == [
        ("enter", "shop:f", 1, ""),
        ("enter", "shop:g", 5, ""),
        ("return", "shop:g", 7, "5"),
        ("return", "shop:f", 3, "None"),
    ]


def test_a_test_of_several_decisions_is_reported_as_a_whole() -> None:
    """With its text: what `not`, `and` and `or` make of the decisions."""
    events = steps_of("def f(a, b):\n    if not a and b: pass\n", lambda names: names["f"](0, 1))
    whole = [event for event in events if event.kind == "value"]
    assert [(event.key, event.values) for event in whole] == [("if", [("not a and b", True)])]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("if_elif", (7,)),
        ("while_loop", (1,)),
        ("for_loop", ([],)),
        ("match_on", ([2, 1],)),
        ("catch", ("x",)),
        ("ternary", (2,)),
        ("operands", (1, 2)),
        ("either", (0, 0)),
        ("none_checks", (3,)),
        ("comprehension", ([1, 2],)),
        ("generator", ([0, 1],)),
        ("asserting", (1,)),
        ("chained", (5,)),
    ],
)
def test_decisions_have_the_identity_that_recordings_give_them(name: str, arguments: tuple[Any, ...]) -> None:
    """Function, condition and ordinal are those of the branch table."""
    source = textwrap.dedent(BRANCHES)
    table = BranchTable("shop", source)
    known = {(branch.identity, branch.line) for found in table.by_function.values() for branch in found}
    events = [event for event in steps_of(source, lambda names: names[name](*arguments)) if event.kind == "decision"]
    assert events or name == "chained"
    assert {((event.function, event.key, event.ordinal), event.line) for event in events} <= known


# --- when it tells -----------------------------------------------------------------------------------------------


def test_nothing_is_reported_outside_a_trace() -> None:
    """Not without steps that are recorded, and not by a thread that belongs to no trace."""
    names = module("def f(a):\n    return a\n")
    assert names["f"](1) == 1
    with Steps() as steps:
        assert names["f"](1) == 1
        with context.within(context.Scope(None)):
            stranger = threading.Thread(target=names["f"], args=(2,))
            stranger.start()
            stranger.join()
    assert steps.detail() == Detail([], False)


def test_threads_of_the_trace_report_in_one_run_of_steps() -> None:
    """Where their first step stands, whatever the scheduler does."""
    names = module("def f(a, do=int):\n    x = a\n    do()\n    y = a\n")
    scope = context.Scope(None)
    child = scope.branch()

    def other() -> None:
        with context.within(child):
            names["f"](2)

    def both() -> None:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    with Steps() as steps, context.within(scope):
        names["f"](1, both)
    values = [short(event.values[0][1]) for event in steps.detail().events if event.key in ("x", "y")]
    assert values == ["1", "2", "2", "1"]


def test_values_are_as_they_were() -> None:
    """What happens to them later does not reach the steps."""
    events = steps_of("def f(a):\n    x = a\n    a.append(2)\n    y = a\n", lambda names: names["f"]([1]))
    assert [short(event.values[0][1]) for event in events if event.key in ("x", "y")] == ["[1]", "[1, 2]"]


def test_no_code_of_the_service_runs_for_it() -> None:
    """Values whose class defines everything are told without asking them anything but their truth, once."""
    source = """
        asked = []

        class Nosy:
            def __getattribute__(self, name):
                asked.append(name)
                return object.__getattribute__(self, name)
            def __eq__(self, other):
                asked.append("eq")
                return True
            def __hash__(self):
                asked.append("hash")
                return 1
            def __repr__(self):
                asked.append("repr")
                return ""
            def __reduce__(self):
                asked.append("reduce")
                return str, ()
            def __bool__(self):
                asked.append("bool")
                return True

        def f(a, b):
            x = a
            if x:
                pass
            if not x or b:
                pass
            y = x and b
            return b or y
        """
    names = module(source)
    with recorded() as steps:
        names["f"](names["Nosy"](), 1)
    assert steps.faults == 0
    assert names["asked"] == ["bool"] * 3
    assert len(steps.detail().events) > 8


def test_it_stops_at_its_limit() -> None:
    """And says so."""
    names = module("def f(a):\n    while a:\n        a -= 1\n    return a\n")
    with Steps(limit=10) as steps, context.within(context.Scope(None)):
        assert names["f"](100) == 0
    detail = steps.detail()
    assert (len(detail.events), detail.truncated) == (10, True)


def test_steps_of_what_it_is_about_have_a_limit_of_their_own() -> None:
    """And the others one that they share."""
    names = module(
        "def f(a):\n    while a:\n        a -= 1\n    return g(a)\n\n\ndef g(a):\n    return 1 if a else 2\n"
    )
    with Steps(limit=10, about={"shop:g"}) as steps, context.within(context.Scope(None)):
        assert names["f"](100) == 2
    detail = steps.detail()
    others = [event for event in detail.events if event.function != "shop:g"]
    arms = [event.arm for event in detail.events if event.function == "shop:g" and event.kind == "decision"]
    assert (len(others), detail.truncated, arms) == (10, True, ["false"])


def test_after_many_large_values_only_small_ones_are_kept() -> None:
    """Of what it is about: decisions, and what is compared in them."""
    names = module("def f(a, b):\n    while b:\n        c = a + [b]\n        b -= 1\n    return b > 7\n")
    with Steps(total=10_000, about={"shop:f"}) as steps, context.within(context.Scope(None)):
        assert names["f"]([1] * 300, 40) is False
    detail = steps.detail()
    arms = [event.arm for event in detail.events if event.kind == "decision"]
    assert (arms.count("true"), arms.count("false"), detail.truncated) == (40, 1, True)


def test_a_value_that_is_too_large_is_not_kept() -> None:
    """Its type and length are."""
    events = steps_of("def f(a):\n    x = a * 300_000\n", lambda names: names["f"](["a"]))
    assert "list of length 300000" in short(next(event for event in events if event.key == "x").values[0][1], 200)


# --- what it must not change -------------------------------------------------------------------------------------

CONSTRUCTS = {
    "truth is asked once, operands come in order": """
        log = []
        class Odd:
            def __init__(self, name, truth): self.name, self.truth = name, truth
            def __bool__(self):
                log.append(self.name)
                return self.truth
            def __lt__(self, other):
                log.append(f"{self.name}<{other.name}")
                return Odd("less", self.truth)
        def f():
            for truth in (True, False):
                for other in (True, False):
                    a, b = Odd("a", truth), Odd("b", other)
                    if a and b or not a: pass
                    x = a and b or a
                    y = (a or b) and a
                    z = not (a and b) or b
                    w = 1 if a < b < a else 2
                    v = a < b < a
                    u = [i for i in (1, 2) if a if not b]
                    t = a < b or b < a
                    assert a or True
            return log
        """,
    "no names are added": """
        def f(a=1):
            total = 0
            for x in [1, 2]:
                if x > a and [y for y in (x,)]: total += x
            return sorted(locals())
        """,
    "docstrings, annotations and names": '''
        """Module."""
        from __future__ import annotations
        def f(a: int | None = 3, *, b: list[str] = []) -> dict[str, int]:
            """Doc."""
            x: int = 1
            return (f.__doc__, f.__annotations__, f.__code__.co_varnames, f.__defaults__, f.__qualname__, __doc__)
        ''',
    "super, class cells and private names": """
        class A:
            def m(self, __x=1): return ("A", __x)
            @classmethod
            def c(cls, v): return cls.__name__, v or None
        class B(A):
            def __init__(self):
                super().__init__()
                self.__secret = 5
                self.__secret += 1
            def m(self): return super().m() + (__class__.__name__, self.__secret)
            @property
            def p(self): return self.__secret if self else 0
        def f(): return B().m(), B.c(0), B().p
        """,
    "nonlocal, global, closures and del": """
        count = 0
        def f():
            global count
            count += 1
            n = 0
            def g(step=1):
                nonlocal n
                n += step
                return lambda: n or -1
            h = g()
            later = [lambda i=i: i + n for i in range(2)]
            del i if False else g
            return h(), [one() for one in later], count
        """.replace("del i if False else g", "del g"),
    "generators": """
        def g(n):
            got = yield n
            while got:
                got = yield got or n
            try:
                yield from inner()
            finally:
                closed.append(n)
            return 9
        closed = []
        def inner():
            yield 1
            return 2
        def f():
            one = g(5)
            r = [next(one), one.send(3), one.send(0)]
            try: next(one)
            except StopIteration as stop: r.append(stop.value)
            two = g(6); next(two); two.send(0); two.close()
            three = g(7); next(three)
            try: three.throw(KeyError("k"))
            except KeyError as e: r.append(e.args)
            lazy = (x for x in iter([1, 2, 3]) if x != 2)
            r.append(next(lazy))
            return r, list(lazy), closed
        """,
    "iterators that are only half iterators": """
        class Next:
            def __init__(self): self.n = 0
            def __next__(self):
                self.n += 1
                if self.n > 3: raise StopIteration
                return self.n
        class Half:
            def __iter__(self): return Next()
        def f():
            r = [x for x in Half()], {x for x in Half()}, list(x for x in Half())
            for x in Half(): r += (x,)
            try: [x for x in 5]
            except TypeError as e: r += (str(e),)
            try: (x for x in 5).send(None)
            except TypeError as e: r += (str(e),)
            return r
        """,
    "async": """
        import asyncio
        async def ticks(n):
            for i in range(n):
                if i == 2: return
                yield i
        class Manager:
            async def __aenter__(self): return 7
            async def __aexit__(self, *e): return bool(e[0])
        async def main():
            async with Manager() as m:
                r = [i async for i in ticks(5) if i or m]
                raise ValueError
            async for i in ticks(1): r.append(await asyncio.sleep(0, i))
            else: r.append("else")
            try: await asyncio.wait_for(asyncio.sleep(1), 0)
            except TimeoutError: r.append("late")
            return r, [await asyncio.sleep(0, x) for x in (1, 2) if x], await asyncio.gather(*(one(i) for i in (3, 4)))
        async def one(i): return i if i > 3 else None
        def f(): return asyncio.run(main())
        """,
    "f-strings, star arguments and unpacking": """
        def g(*args, k=1, **kw): return args, k, kw
        def f(a=3, b=None):
            first, *rest = [a, *(b or [1, 2])]
            g(*rest, **{"z": 1}, k=first)
            text = f"{a!r:>{first + 1}} {b or 'x'} {a=} {'y' if a else 'n'} {[c for c in rest if c]}"
            return text, g(*rest, **{"z": first})
        """,
    "match": """
        class P:
            __match_args__ = ("x", "y")
            def __init__(self, x, y): self.x, self.y = x, y
        def kind(v):
            match v:
                case 0 | 1 as small if small or True: return "small", small
                case P(x=1, y=y): return "p", y
                case [first, *rest] if rest: return first, rest
                case {"a": a, **others}: return a, others
                case str() as text: return text
                case whatever: return "other", whatever
        def partly(v):
            match v, 1:
                case (1, _): return "one"
                case _ if v == 2: return "two"
            return "none"
        def f():
            values = (0, P(1, 2), [1, 2], [1], {"a": 1, "b": 2}, "t", None)
            return [kind(v) for v in values], [partly(v) for v in (1, 2, 3)]
        """,
    "exceptions": """
        import sys
        log = []
        def g(n):
            try:
                try:
                    if n == 0: raise ValueError("v")
                    if n == 1: raise KeyError("k")
                    if n == 2: return "returned"
                    if n == 3: raise TypeError("t")
                except ValueError as e:
                    log.append((type(e), sys.exc_info()[0]))
                    raise RuntimeError("r") from e
                except KeyError:
                    log.append("key")
                else:
                    log.append("else")
                finally:
                    log.append(("finally", sys.exc_info()[0]))
            except RuntimeError as e:
                log.append((str(e), str(e.__cause__), e.__context__ is e.__cause__))
            except:
                log.append("bare")
            for i in range(3):
                try:
                    if i == 1: continue
                    if i == 2: break
                finally: log.append(i)
            try: raise ExceptionGroup("g", [ValueError(1), TypeError(2), KeyError(3)])
            except* ValueError as group: log.append(len(group.exceptions))
            except* (TypeError, KeyError): log.append("others")
            return n
        def f(): return [g(n) for n in range(5)], log, sys.exc_info()
        """,
    "decorators and defaults": """
        import functools
        seen = []
        def d(x):
            seen.append(x)
            return lambda f: functools.wraps(f)(lambda *a: (x, f(*a)))
        def f(z=1):
            @d(z or 2)
            @d("inner")
            def g(a, b=z and 5): return a, b
            class C:
                limit = z or 4
                names = [n for n in ("a", "b") if n]
                @staticmethod
                def s(q=limit): return q
            return g(1), g.__name__, C.s(), C.names, seen
        """,
    "with": """
        from contextlib import contextmanager, suppress
        log = []
        @contextmanager
        def m(n):
            log.append(n)
            try: yield n
            except KeyError: log.append("suppressed")
            finally: log.append(-n)
        def f():
            with m(1) as a, m(a + 1) as b:
                raise KeyError
            with suppress(ValueError): int("x")
            return log
        """,
    "walrus": """
        def f(data=(1, 0, 2)):
            found = [y for x in data if (y := x * 2)]
            while (n := len(found)) > 1: found.pop()
            return found, y, n, (m := 3) and m
        """,
    "loop variables and else": """
        def f():
            r = []
            for a, (b, *c) in [(1, (2, 3)), (4, (5,))]:
                if a == 4: break
                r.append((a, b, c))
            else: r.append("no")
            for x in []: pass
            else: r.append("else")
            d = {}
            for d["k"] in (1, 2): pass
            while d["k"]:
                d["k"] -= 1
                if d["k"] == 5: break
            else: r.append("while")
            return r, d
        """,
}

if sys.version_info >= (3, 12):
    CONSTRUCTS["type parameters and aliases"] = """
        type Pair[T] = tuple[T, T] | None
        def first[T: (int, str)](pair: Pair[T], default: T | None = None) -> T:
            type Local = list[T] if default else None
            return pair[0] if pair else default
        class Box[T]:
            def __init__(self, value: T): self.value = value or None
            def get[U](self, other: U) -> T | U: return self.value or other
        def f(): return first((1, 2)), first(None, 3), Box(0).get(5), Box[int].__name__, Pair.__name__
        """


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_marked_code_does_the_same(name: str) -> None:
    """Whether it is recorded or not."""
    plain = module(CONSTRUCTS[name], marked=False)["f"]()
    assert repr(module(CONSTRUCTS[name])["f"]()) == repr(plain)
    names = module(CONSTRUCTS[name])
    with recorded() as steps:
        result = names["f"]()
    assert repr(result) == repr(plain)
    assert steps.faults == 0
    assert steps.detail().events


def test_tracebacks_are_as_before() -> None:
    """The same frames on the same lines, the reason and the context too."""
    source = """
        def inner(a):
            x = [
                1,
                1 // a,
            ]
            return x

        def middle(a):
            try:
                return inner(
                    a
                )
            except KeyError:
                pass

        def outer(a):
            for _ in (1,):
                try:
                    middle(a)
                except ZeroDivisionError as error:
                    raise ValueError("bad") from error
        """

    def trail(names: dict[str, Any]) -> list[list[tuple[str, int | None]]]:
        try:
            names["outer"](0)
        except ValueError as error:
            chain = (error, error.__cause__)
            return [
                [(one.name, one.lineno) for one in traceback.extract_tb(part.__traceback__)] for part in chain if part
            ]
        raise LookupError("it did not fail")

    plain = trail(module(source, marked=False))
    with recorded():
        assert trail(module(source)) == plain
    assert len(plain[1]) == 3


def test_the_markers_come_after_what_must_stand_first() -> None:
    """A docstring, imports from the future; and the name of the markers can be spelled by no source."""
    names = module('"""Doc."""\nfrom __future__ import annotations\nx: Later = 1\n')
    assert names["__doc__"] == "Doc."
    assert names["__annotations__"] == {"x": "Later"}
    assert not MARKERS.isidentifier()


def test_what_does_not_parse_is_an_error_as_ever() -> None:
    """With the file's name."""
    with pytest.raises(SyntaxError) as caught:
        instrumented("def f(:\n", "shop", "/shop.py")
    assert caught.value.filename == "/shop.py"


# --- the standard library ----------------------------------------------------------------------------------------


def library(name: str, wanted: str | None = None) -> ModuleType:
    """A module of the standard library, instrumented, beside the one that is loaded."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    loaded = ModuleType(wanted or name)
    loaded.__package__ = name.rpartition(".")[0]
    source = Path(spec.origin).read_text(encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, loaded.__name__, loaded)
        exec(instrumented(source, name, spec.origin), vars(loaded))
    return loaded


TEXT = "The quick brown fox, jumping over   a lazy dog; again-and-again.\n\n  Indented, too.\n" * 3


def use_textwrap(wrapping: Any) -> Any:
    """Fill, shorten, dedent, indent."""
    return [
        wrapping.fill(TEXT, 23, initial_indent="> ", break_long_words=False),
        wrapping.shorten(TEXT, 30),
        wrapping.dedent("  a\n    b\n"),
        wrapping.indent(TEXT, "-"),
    ]


def use_difflib(diffing: Any) -> Any:
    """Differences of two lists of words."""
    left, right = TEXT.split(), TEXT.replace("fox", "cat").replace("lazy", "").split()
    return [
        list(diffing.unified_diff(left, right)),
        diffing.SequenceMatcher(None, left, right).ratio(),
        list(diffing.ndiff(left[:8], right[:8])),
        diffing.get_close_matches("jump", left),
    ]


def use_argparse(parsing: Any) -> Any:
    """A parser with groups and commands, its help and its errors."""
    parser = parsing.ArgumentParser(prog="shop", description="Sells.", exit_on_error=False)
    parser.add_argument("--count", type=int, default=1, choices=[1, 2, 3])
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-v", "--verbose", action="store_true")
    group.add_argument("-q", action="store_false")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("sell", help="Sell.").add_argument("names", nargs="*")
    failures = []
    for given in (["--count", "9"], ["-v", "-q"], ["--count", "x"]):
        try:
            parser.parse_args(given)
        except parsing.ArgumentError as error:
            failures.append(str(error))
    parsed = [sorted(vars(parser.parse_args(given)).items()) for given in ([], ["--count=2", "-v", "sell", "a", "b"])]
    return [parser.format_help(), parsed, failures]


def use_statistics(counting: Any) -> Any:
    """Figures of small samples."""
    data: list[float | Fraction] = [1, 2.5, 3, Fraction(7, 2), 9]
    return [
        counting.mean(data),
        counting.median(data),
        counting.stdev([float(one) for one in data]),
        counting.quantiles([1, 4, 9, 16], n=4),
        counting.multimode("aabbc"),
        counting.linear_regression([1, 2, 3], [2.0, 4.1, 6.2]),
        counting.NormalDist(5, 2).cdf(6),
    ]


@pytest.mark.parametrize(
    ("original", "use"),
    [(textwrap, use_textwrap), (difflib, use_difflib), (argparse, use_argparse), (statistics, use_statistics)],
    ids=["textwrap", "difflib", "argparse", "statistics"],
)
def test_modules_of_the_standard_library(original: ModuleType, use: Callable[[Any], Any]) -> None:
    """Give the same results instrumented, while steps are recorded and after they are full."""
    plain = use(original)
    marked = library(original.__name__)
    with Steps(limit=5_000) as steps, context.within(context.Scope(None)):
        assert repr(use(marked)) == repr(plain)
    assert steps.faults == 0
    assert steps.detail().events


def test_json_in_python() -> None:
    """Scanner, decoder and encoder without their accelerators."""
    document = {"a": [1, 2.5, None, True, "ü\n"], "b": {"c": [], "d": {}}, "e": -1e20}
    decoding, encoding = library("json.decoder"), library("json.encoder")
    with recorded() as steps:
        encoder = encoding.JSONEncoder(indent=1, sort_keys=True)
        vars(encoding)["c_make_encoder"] = None
        text = "".join(encoder.iterencode(document))
        decoder = decoding.JSONDecoder()
        decoder.parse_string = decoding.py_scanstring
        decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]  # not in typeshed
        assert decoder.decode(text) == document
        with pytest.raises(decoding.JSONDecodeError, match="Expecting value") as caught:
            decoding.JSONDecoder().raw_decode("")
        assert caught.value.pos == 0
    assert text == json.encoder.JSONEncoder(indent=1, sort_keys=True).encode(document)
    assert steps.faults == 0


def test_decimal_in_python() -> None:
    """Arithmetic of `_pydecimal`, which is branches throughout."""
    import decimal

    marked = library("_pydecimal")

    def use(numbers: Any) -> list[str]:
        one, two = numbers.Decimal("1.10"), numbers.Decimal("-3.7e2")
        numbers.getcontext().prec = 12
        results = [one + two, one * two, two / 7, two.sqrt() if two > 0 else two.copy_abs().sqrt(), one.ln(), two % one]
        return [*map(str, results), f"{two:,.3f}", str(one.quantize(numbers.Decimal("0.1"))), str(hash(one))]

    with decimal.localcontext():
        plain = use(decimal)
    with Steps(limit=3_000) as steps, context.within(context.Scope(None)):
        assert use(marked) == plain
    assert steps.faults == 0


def test_modules_of_a_package_compile() -> None:
    """With all names that they had."""
    for path in sorted(Path(asyncio.__file__).parent.glob("t*.py")):
        source = path.read_text(encoding="utf-8")
        code = instrumented(source, f"asyncio.{path.stem}", str(path))
        assert MARKERS in code.co_names
        assert {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)} <= set(code.co_names)
