"""wrapt's wrappers are had without its package, and the service's own wrapt is another matter.

What a process has loaded is the subject, so each test looks into a fresh one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def printed(code: str, **environment: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


TAKE = """
import sys
from pytest_runtime.recorders.function_wrappers import BoundFunctionWrapper, FunctionWrapper
def loud(wrapped, instance, args, kwargs):
    return wrapped(*args, **kwargs).upper()
class Shop:
    name = FunctionWrapper(lambda self: "corner", loud)
assert Shop().name() == "CORNER" and type(Shop().name) is BoundFunctionWrapper
"""


def test_nothing_else_is_loaded() -> None:
    """Of wrapt and of what its package imports, nothing is left in the process."""
    code = f"{TAKE}\nprint(sorted({{name.partition('.')[0] for name in sys.modules}} & {{'wrapt', 'asyncio', 'ssl'}}))"
    assert printed(code) == "[]"


def test_the_service_has_a_wrapt_of_its_own() -> None:
    """The package that it imports later is whole."""
    code = f"""{TAKE}
import wrapt
import wrapt.decorators
assert wrapt.FunctionWrapper(len, lambda wrapped, instance, args, kwargs: 3)([]) == 3
assert sys.modules["wrapt._wrappers"].FunctionWrapper is wrapt.FunctionWrapper
print(wrapt.decorators.__name__)"""
    assert printed(code) == "wrapt.decorators"


@pytest.mark.parametrize(
    ("before", "environment"),
    [
        ("import wrapt", {}),
        ("import _thread; _thread.start_new_thread(__import__('time').sleep, (60,))", {}),
        ("", {"WRAPT_DISABLE_EXTENSIONS": "1"}),
    ],
)
def test_the_package_is_taken_where_the_compiled_module_cannot_be_had_alone(
    before: str, environment: dict[str, str]
) -> None:
    """The service has it loaded already, has threads that could meet what stands in its place, or forbids it."""
    code = f"{before}\n{TAKE}\nimport wrapt\nprint(FunctionWrapper is wrapt.FunctionWrapper)"
    assert printed(code, **environment) == "True"
