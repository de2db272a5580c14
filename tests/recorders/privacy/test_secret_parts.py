"""What redaction takes out of a trace can be put back, by who holds the key and by nobody else."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.recorders.model.trace import Call, Exchange, Outcome, Reading, Trace, decode_trace, encode_trace
from pytest_runtime.recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    ObjectNode,
    RefNode,
    StandardNode,
    Tree,
    TupleNode,
    record,
)
from pytest_runtime.recorders.privacy.encryption import Keyring, new_session_key
from pytest_runtime.recorders.privacy.redact import Redactor
from pytest_runtime.recorders.privacy.secret_parts import Locker, opened, opened_data, opened_variables
from pytest_runtime.recorders.session.assemble import redacted

from .test_redact import NOISE, SECRETS

KEY = new_session_key()
LOCKER = Locker(KEY)
REDACTOR = Redactor(KEY.pseudonym_key, locker=LOCKER)
NUMBERS = st.integers(10**5, 2**70) | st.floats(100, 1e6)


def trace_of(secret: str, number: float, noise: Tree) -> Trace:
    """A trace that holds a secret in every part of it, plain, inside, in bytes, and shared."""
    shared = AnchorNode(0, ObjectNode("a:Client", None, ["password", "rest"], [secret, noise]))
    wide: Tree = StandardNode("int", [hex(int(number))]) if abs(number) >= 2**63 else number
    arguments = TupleNode([shared, TupleNode([secret, wide]), DictNode(["note"], [f"it is {secret}, " * 40])])
    call = CallInput("function", arguments, ["password", "pin_code"])
    asked = TupleNode(["SELECT 1 FROM a WHERE password = ?", TupleNode([secret])])
    rows: list[Tree] = [TupleNode([secret, noise]), BytesNode(f"{secret}\xff".encode("latin-1", "replace") + b"\xff")]
    return Trace(
        "a:f",
        "function",
        0.0,
        call,
        Outcome("return", record(token=secret, again=RefNode(0)), TupleNode([noise, TupleNode([secret]), noise])),
        [Exchange("sqlite3", "execute", f"/{secret}/x", "read", asked, None, rows, True, None, None, 0)],
        [Reading("os.urandom/8", "a:f", "a:f", [BytesNode(secret.encode())])],
        {"API_KEY": secret, "HOME": "/root", "UNSET": None},
        None,
        [],
        [],
        [Call("a:load_password", secret)],
        [],
    )


@given(SECRETS, NUMBERS, NOISE)
def test_what_is_taken_out_can_be_put_back(secret: str, number: float, noise: Tree) -> None:
    """`opened(redacted(trace))` is the trace, through the disk too; without the key it stays as it is shown."""
    trace = trace_of(secret, number, noise)
    shown = redacted(trace, REDACTOR)
    assert shown.key == KEY.id
    assert secret.encode() not in encode_trace(shown)
    stored = decode_trace(encode_trace(shown))
    assert opened(stored, Keyring([KEY])) == msgspec.structs.replace(trace, redacted=shown.redacted)
    assert opened(stored, Keyring([new_session_key()])) is stored
    assert opened_data(encode_trace(shown), Keyring()) == encode_trace(shown)


@given(st.dictionaries(st.sampled_from(["API_KEY", "SECRET_KEY", "HOME", "PATH"]), st.none() | SECRETS))
def test_variables_can_be_put_back(variables: dict[str, str | None]) -> None:
    """The same law for environment variables that are read outside of traces."""
    from pytest_runtime.recorders.session.current_revision import redacted_variables

    shown = redacted_variables(variables, REDACTOR)
    hidden = LOCKER.variables(variables, shown)
    assert opened_variables(shown, *hidden, Keyring([KEY])) == variables
    assert opened_variables(shown, *hidden, Keyring()) == shown
