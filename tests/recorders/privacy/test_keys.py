"""Key pairs: made on first use, kept by the user alone, given as text, added to baselines; and what `scan` finds."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from pytest_runtime import record
from pytest_runtime.cli.main import main
from pytest_runtime.recorders.errors import KeyProblem
from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.recorders.model.trace import decode_trace
from pytest_runtime.recorders.privacy.encryption import (
    Cipher,
    Keyring,
    new_private_key,
    new_session_key,
    recipient_of,
    unwrap,
    wrap,
)
from pytest_runtime.recorders.privacy.keys import key_file, make_key, own_keys, own_recipient, readable, recipients_for
from pytest_runtime.recorders.privacy.secret_parts import opened
from pytest_runtime.recorders.store.open import open_reader

TOKEN = "Zq7-Planted.Secret/Okapi+91"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's configuration folder, empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "pytest-runtime"


@pytest.fixture
def project(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project, recorded for this user."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "keyshop.py").write_text('def check(password):\n    return {"size": len(password)}\n')
    (folder / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["keyshop"]\n')
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    with record("staging"):
        import keyshop  # type: ignore[import-not-found]  # of the project

        assert keyshop.check(TOKEN) == {"size": len(TOKEN)}
    yield folder
    sys.modules.pop("keyshop", None)


def test_a_key_is_made_once_for_its_owner_alone(home: Path) -> None:
    """The folder and the file are for the user alone, and the second call finds what the first made."""
    file = key_file()
    assert file.parent == home
    made = own_recipient(file)
    assert own_recipient(file) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert len(own_keys(file)) == 1


def test_processes_that_start_at_once_get_one_key(home: Path) -> None:
    """Whoever comes second takes what the first made."""
    code = "from pytest_runtime.recorders.privacy.keys import key_file, own_recipient; print(own_recipient(key_file()))"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    said = {process.communicate()[0] for process in running}
    assert len(said) == 1
    assert len(own_keys(key_file())) == 1


def test_who_may_read_is_named_or_the_user(home: Path) -> None:
    """The command comes before the environment, that before the configuration, and that before the user."""
    one, two, three = (recipient_of(new_private_key()) for _ in range(3))
    given = {"PYTEST_RUNTIME_RECIPIENT": f"{two}, {three}"}
    assert recipients_for((one,), (three,), given) == (one,)
    assert recipients_for((), (one,), given) == (two, three)
    assert recipients_for((), (one,), {}) == (one,)
    with pytest.raises(KeyProblem, match="damaged: copy it again"):
        recipients_for((one[:-1] + ("a" if one[-1] != "a" else "b"),), ())
    with pytest.raises(KeyProblem) as caught:
        recipients_for((new_private_key(),), ())
    assert "PRT-SECRET-KEY-1" not in str(caught.value).replace("PRT-SECRET-KEY-1 ", "")


def test_a_session_key_is_for_its_recipients() -> None:
    """Each recipient reads it, others do not, and nobody reads what was changed."""
    ours, theirs, other = (new_private_key() for _ in range(3))
    key = new_session_key(("names",), ("keep",))
    wrapped = wrap(key, [recipient_of(ours), recipient_of(theirs)])
    assert unwrap(wrapped, [ours]) == unwrap(wrapped, [other, theirs]) == {key.id: key}
    assert unwrap(wrapped, [other]) == {}
    assert key.secret.hex() not in repr(key)
    box = Cipher(key).encrypt(b"secret")
    assert Keyring([key]).decrypt(key.id, box) == b"secret"
    with pytest.raises(KeyProblem):
        Cipher(key).decrypt(box[:-1] + bytes([box[-1] ^ 1]))
    with pytest.raises(KeyProblem):
        unwrap([wrapped[0]._replace(data=wrapped[1].data)], [ours])


def test_secret_parts_that_do_not_fit_are_reported(project: Path) -> None:
    """A trace with the secret parts of another is an error, not another value."""
    with closing(open_reader(".runtime/staging.baseline")) as reader:
        (stored,) = reader.traces()
        keys = Keyring(readable(reader.keys()))
    trace = decode_trace(stored.data)
    assert TOKEN in str(opened(trace, keys))
    assert TOKEN not in str(trace)
    with pytest.raises(KeyProblem, match="do not fit"):
        opened(msgspec.structs.replace(trace, input=CallInput("function", None, [])), keys)


def test_the_store_is_for_its_owner_alone(project: Path) -> None:
    """Baselines are not for other users of the machine, and not for git."""
    file = project / ".runtime" / "staging.baseline"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (file.parent / ".gitignore").read_text().endswith("*\n")


def test_key_shows_makes_and_rotates(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is shown is the public half; an older key still reads what was recorded for it."""
    assert main(["key"]) == 0
    first = capsys.readouterr().out.strip()
    assert main(["key", "rotate"]) == 0
    second = capsys.readouterr().out.strip()
    assert first != second
    assert [recipient_of(key) for key in own_keys(key_file())] == [first, second]
    assert own_recipient(key_file()) == second
    assert main(["key"]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == second
    assert "SECRET" not in said.out + said.err


def test_recipients_are_added_to_a_baseline(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague reads what was recorded for this user, and a stranger is told whose key is needed."""
    theirs = new_private_key()
    assert main(["key", "add", "staging", recipient_of(theirs)]) == 0
    assert "1 recipients added to 1 sessions" in capsys.readouterr().out
    assert main(["status", "staging"]) == 0
    assert f"the private key of {recipient_of(theirs)}" in capsys.readouterr().out
    monkeypatch.setenv("XDG_CONFIG_HOME", str(project / "nobody"))
    with closing(open_reader(".runtime/staging.baseline")) as reader:
        assert readable(reader.keys(), {"PYTEST_RUNTIME_KEY": theirs})
        assert readable(reader.keys(), {"XDG_CONFIG_HOME": str(project / "nobody")}) == ()
    assert main(["key", "add", "staging", recipient_of(theirs)]) == 2
    assert recipient_of(theirs) in capsys.readouterr().err


def test_nothing_is_kept_where_the_project_says_drop(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`redact = "drop"`: no key is made, and no trace hides anything."""
    (tmp_path / "dropshop.py").write_text("def check(password):\n    return len(password)\n")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["dropshop"]\nredact = "drop"\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    with record("staging", root=tmp_path):
        import dropshop  # type: ignore[import-not-found]  # of the project

        dropshop.check(TOKEN)
    sys.modules.pop("dropshop", None)
    with closing(open_reader(str(tmp_path / ".runtime" / "staging.baseline"))) as reader:
        assert reader.keys() == []
        (stored,) = reader.traces()
    assert stored.trace is not None
    assert (stored.trace.key, stored.trace.secrets, stored.trace.redacted) == ("", b"", 1)
    assert not home.exists()


def test_recording_goes_on_where_no_key_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the user has no folder that can be written, secrets are redacted and lost, and that is said once."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    (tmp_path / "keyless.py").write_text("def check(password):\n    return len(password)\n")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["keyless"]\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    with record("staging", root=tmp_path):
        import keyless  # type: ignore[import-not-found]  # of the project

        keyless.check(TOKEN)
    sys.modules.pop("keyless", None)
    assert capsys.readouterr().err.count("secrets are redacted and not kept") == 1
    with closing(open_reader(str(tmp_path / ".runtime" / "staging.baseline"))) as reader:
        assert [stored.trace.redacted for stored in reader.traces() if stored.trace is not None] == [1]


def test_scan_finds_what_should_not_be_there_and_does_not_show_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By value, however it is spelt, and by form; 0 where nothing is found."""
    values = project / "values.txt"
    values.write_text(f"{TOKEN}\nxy\n")
    assert main(["scan", "staging", "--values", str(values)]) == 0
    said = capsys.readouterr().out
    assert "nothing found in staging" in said
    assert "too short: line 2 of values.txt" in said
    values.write_text("keyshop:check\n")  # the name of the entry
    assert main(["scan", "staging", "--values", str(values)]) == 1
    said = capsys.readouterr().out
    assert "line 1 of values.txt, as it is" in said
    assert "keyshop:check" not in said


def test_scan_finds_secrets_by_form(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What rules of redaction kept in clear is found, where pseudonyms can be told from it."""
    (tmp_path / "formshop.py").write_text("def hello(note, email):\n    return len(email)\n")
    text = '[tool.pytest-runtime]\ninclude = ["formshop"]\n[tool.pytest-runtime.redact]\nkeep = ["email"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with record("staging"):
        import formshop  # type: ignore[import-not-found]  # of the project

        formshop.hello("to bob@zebra.example", "ada@zebra.example")
    sys.modules.pop("formshop", None)
    assert main(["scan", "staging"]) == 1
    said = capsys.readouterr().out
    assert "by its form" in said
    assert "zebra" not in said
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    assert main(["scan", "staging"]) == 0
    assert "1 traces were searched for values alone" in capsys.readouterr().out


def test_a_new_key_is_no_part_of_an_old_file(home: Path) -> None:
    """Keys are added, never lost."""
    file = key_file()
    known = [make_key(file) for _ in range(3)]
    assert [recipient_of(key) for key in own_keys(file)] == known
