"""Replays compute with secrets and show their pseudonyms, wherever something is shown or written."""

from __future__ import annotations

import base64
import re
import sys
import textwrap
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

import pytest_runtime.replay.explore.explorer  # noqa: F401  # kept loaded between the sessions in this process
from pytest_runtime import record
from pytest_runtime.replay.execute.masking import HELD

from .project import Project, output
from .recorders.privacy.test_recorded_secrets import parts

TOKEN = "Zq7-Planted.Secret/Okapi+91"
PIN = 83127465
SHOP = """
    import hashlib
    import os

    LIMIT = 100
    SERVICE_TOKEN = os.environ["SHOP_SERVICE_TOKEN"]

    class Session:
        def __init__(self, token, pin):
            self.token = token
            self.pin = pin

    def size(token, total):
        text = f"<{token}>"
        if len(text) + total > LIMIT:
            return {"digest": hashlib.sha256(token.encode()).hexdigest(), "total": total}
        return {"digest": "", "total": total}

    def check(token, total):
        if hashlib.sha256(token.encode()).hexdigest()[:4] != "%(digest)s":
            raise PermissionError("nobody")
        return total

    def enter(session):
        return [len(session.token), session.pin %% 7]

    def served(total):
        return total + len(SERVICE_TOKEN)
    """
PROJECT = """
    [tool.pytest-runtime]
    include = ["secretshop"]
    sample = "all"
    """


def source() -> str:
    """The service, which knows a digest of the token and not the token."""
    import hashlib

    return textwrap.dedent(SHOP) % {"digest": hashlib.sha256(TOKEN.encode()).hexdigest()[:4]}


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project, recorded for this user, and committed."""
    made = Project(pytester)
    (made.path / "secretshop").mkdir()
    for name, text in {"secretshop/__init__.py": source(), "pyproject.toml": textwrap.dedent(PROJECT)}.items():
        (made.path / name).write_text(text)
    monkeypatch.setenv("SHOP_SERVICE_TOKEN", TOKEN)
    monkeypatch.syspath_prepend(str(made.path))
    with record("staging", root=made.path):
        import secretshop as shop  # type: ignore[import-not-found]  # of the project

        for total in (1, 80, 90):
            shop.size(TOKEN, total)
            assert shop.check(TOKEN, total) == total
        shop.enter(shop.Session(TOKEN, PIN))
        shop.served(1)
    monkeypatch.delenv("SHOP_SERVICE_TOKEN")
    sys.modules.pop("secretshop", None)
    made.write(".gitignore", ".runtime/\n__pycache__/\n").commit()
    yield made
    sys.modules.pop("secretshop", None)


def spellings() -> list[bytes]:
    """How the secrets may be written."""
    plain = TOKEN.encode()
    told = [plain, quote(TOKEN, safe="").encode(), plain.hex().encode(), str(PIN).encode(), f"{PIN:x}".encode()]
    return [*told, *(base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3))]


def written(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, compressed or not."""
    found: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        if not path.is_file() or ".git/" in str(path):
            continue
        data = path.read_bytes()
        found[str(path)] = data + (b"".join(parts(str(path))) if path.suffix == ".baseline" else b"")
        if path.suffix == ".seal":
            found[str(path)] += zlib.decompress(data.partition(b"\n")[2])
    return found


def leaks(project: Project, *more: str) -> list[tuple[str, bytes]]:
    """Where a secret is found in clear."""
    texts = {**written(project.path), **{f"output {at}": text.encode() for at, text in enumerate(more)}}
    return [(name, spelling) for name, text in texts.items() for spelling in spellings() if spelling in text]


RUN = ("--runtime-baseline=staging", "--runtime-json=report.json", "--junitxml=junit.xml", "-vv")
INIT = "secretshop/__init__.py"
VALUES = {
    '"total": total}\n    return {"digest": ""': '"total": [total, f"<{token}>"]}\n    return {"digest": ""',
    "    return total\n\ndef enter": "    raise ValueError(f'no {token} {token.encode().hex()}')\n\ndef enter",
    "session.pin % 7": "session.pin // 2 * 2 + 1, session.pin, repr(session.pin)",
    "    return total + len": "    print(SERVICE_TOKEN)\n    return SERVICE_TOKEN.encode(), total + len",
}
AT_START = {"LIMIT = 100": "LIMIT = 100; os.write(2, str(SERVICE).encode()); os._exit(3)"}
AT_IMPORT = {"LIMIT = 100": "LIMIT = 100 if not SERVICE else int(SERVICE)"}
CRASH = {
    "    return total + len": "    os.write(2, SERVICE_TOKEN.encode()); os._exit(3)\n    return total + len",
    "LIMIT = 100": "import subprocess\nLIMIT = 100",
    "    return total\n\ndef enter": "    subprocess.run(['curl', f'//u:{token}@x'])\n    return total\n\ndef enter",
}


LETTING_OUT = {"values": VALUES, "at import": AT_IMPORT, "crash": CRASH, "at start": AT_START}


@pytest.mark.parametrize("changes", LETTING_OUT.values(), ids=LETTING_OUT)
def test_a_candidate_that_lets_out_a_secret_shows_its_pseudonym(project: Project, changes: dict[str, str]) -> None:
    """Terminal, JSON, JUnit, seal and store: none holds a secret, whatever a candidate makes of it."""
    for old, new in changes.items():
        project.change(old, new.replace("SERVICE)", "os.environ['SHOP_SERVICE_TOKEN'])"), INIT)
    result = project.run(*RUN)
    assert result.ret != 0
    assert leaks(project, output(result)) == []


def test_an_unchanged_project_is_faithful(project: Project) -> None:
    """What computes with a secret is the same, against the recorded outcomes too."""
    result = project.run(*RUN, "--runtime-all")
    assert result.ret == 0, output(result)
    assert "9 same" in output(result)
    assert leaks(project, output(result)) == []


def test_what_is_explored_computes_with_secrets(project: Project) -> None:
    """An input beside a recorded one gets as far as the recorded one did: only the true token is let in."""
    project.change("    return total\n\ndef enter", "    return total if total != 0 else 'none'\n\ndef enter", INIT)
    result = project.run(*RUN, "--runtime-explore=60")
    said = output(result)
    assert re.search(r"differs: check\(token='[^']{27}', total=0\)", said), said
    assert leaks(project, said) == []


def test_explored_inputs_and_written_tests_show_pseudonyms(project: Project) -> None:
    """Inputs beside the recorded ones, what is kept of them, tests that are written, and what is accepted."""
    project.change("> LIMIT", "> LIMIT + 3", INIT)
    project.change("% 7]", "% 11, session.token + '!']", INIT)
    project.change("return total + len", "return 2 * total + len", INIT)
    result = project.run(*RUN, "--runtime-explore=60", "--runtime-write-tests=written.py")
    assert result.ret != 0
    assert (project.path / "written.py").exists(), output(result)
    written_tests = (project.path / "written.py").read_text()
    assert "served" in written_tests
    assert HELD in written_tests
    assert leaks(project, output(result)) == []
    accepted = project.run(*RUN, "--runtime-accept=intended")
    assert leaks(project, output(accepted)) == []
