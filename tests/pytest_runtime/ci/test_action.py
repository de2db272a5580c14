"""The GitHub action: its steps in order, in checkouts as GitHub makes them, for each event that it is for."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_runtime.ci.comment import CommentRefused, Comments
from pytest_runtime.ci.github_event import event_of, read_event
from pytest_runtime.ci.history import base_commit
from pytest_runtime.recorders.errors import BaseError, ConfigurationError
from pytest_runtime.replay.change.git import Git
from pytest_runtime.testing import Scenario

from .action_runner import ACTION, ActionRun, environment
from .expressions import evaluate

pytestmark = pytest.mark.any_python

SHOP = """
    LIMIT = 100

    def fee(total):
        if total > LIMIT:
            return 10
        return 0
    """

CONFIGURATION = '[tool.pytest-runtime]\ninclude = ["shop"]\n\n[tool.pytest.ini_options]\nminversion = "8.3"\n'


def git(folder: Path, *arguments: str) -> str:
    """What a command of git prints."""
    words = [
        "git",
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.com",
        "-c",
        "protocol.file.allow=always",
        *arguments,
    ]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


# --- the repository ---------------------------------------------------------------------------------------------------


class Repository:
    """A repository on a server: `main` with some history, and a pull request that changes the service."""

    def __init__(self, folder: Path, source: str, changed: str, module: str) -> None:
        self.server, work = folder / "server.git", folder / "work"
        git(folder, "init", "-q", "--bare", "-b", "main", str(self.server))
        git(folder, "clone", "-q", str(self.server), str(work))
        git(work, "checkout", "-q", "-b", "main")
        (work / "pyproject.toml").write_text(CONFIGURATION.replace("shop", module))
        for number in range(4):
            (work / "notes.txt").write_text(f"{number}\n")
            (work / f"{module}.py").write_text(source)
            self.commit(work, f"main {number}")
        self.left = git(work, "rev-parse", "HEAD")
        git(work, "checkout", "-q", "-b", "change")
        (work / f"{module}.py").write_text(changed)
        self.change = self.commit(work, "change")
        git(work, "checkout", "-q", "main")
        (work / "other.txt").write_text("others go on\n")
        self.main = self.commit(work, "main goes on")
        git(work, "merge", "-q", "--no-ff", "-m", "Merge", "change")
        self.merge = git(work, "rev-parse", "HEAD")
        git(work, "push", "-q", "origin", f"{self.merge}:refs/pull/7/merge", "change", f"{self.main}:refs/heads/main")
        git(self.server, "config", "uploadpack.allowAnySHA1InWant", "true")

    @staticmethod
    def commit(work: Path, message: str) -> str:
        """Commit everything."""
        git(work, "add", "-A")
        git(work, "commit", "-q", "-m", message)
        return git(work, "rev-parse", "HEAD")

    def checkout(self, folder: Path, reference: str, depth: int = 1) -> Path:
        """As actions/checkout does it: one commit of one reference, detached."""
        folder.mkdir()
        git(folder, "init", "-q")
        git(folder, "remote", "add", "origin", self.server.as_uri())
        shallow = [f"--depth={depth}"] if depth else []
        git(folder, "fetch", "-q", "--no-tags", *shallow, "origin", reference)
        git(folder, "checkout", "-q", "--detach", "FETCH_HEAD")
        return folder


class Recorded:
    """A service with its baseline, and a repository of it."""

    def __init__(self, folder: Path) -> None:
        scenario = Scenario(folder, {"shop": SHOP}).record(lambda shop: [shop.fee(total) for total in (50, 150, 700)])
        self.module = scenario.unique("shop")
        self.baseline = Path(scenario.store)
        source = (scenario.folder / f"{self.module}.py").read_text()
        (folder / "repository").mkdir()
        changed = source.replace("LIMIT = 100", "LIMIT = 500")
        self.repository = Repository(folder / "repository", source, changed, self.module)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """One for all tests: nothing writes into it."""
    return Recorded(tmp_path_factory.mktemp("recorded"))


# --- GitHub's side ----------------------------------------------------------------------------------------------------


class Api:
    """The comments of one pull request, over HTTP."""

    def __init__(self) -> None:
        self.url = ""
        self.comments: list[dict[str, Any]] = []
        self.may_write = True
        self.asked: list[tuple[str, str]] = []


@pytest.fixture
def api() -> Iterator[Api]:
    """A server that keeps comments."""
    state = Api()

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, data: object) -> None:
            body = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            state.asked.append(("GET", self.path))
            page = int(self.path.rpartition("page=")[2])
            self.answer(200, state.comments[(page - 1) * 100 : page * 100])

        def written(self) -> dict[str, Any] | None:
            state.asked.append((self.command, self.path))
            data: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if state.may_write and self.headers["Authorization"] == "Bearer t0ken":
                return data
            self.answer(403, {"message": "Resource not accessible by integration"})
            return None

        def do_POST(self) -> None:
            data = self.written()
            if data is not None:
                state.comments.append({"id": len(state.comments) + 1, "user": {"type": "Bot"}, **data})
                self.answer(201, {"html_url": "https://example.com/1"})

        def do_PATCH(self) -> None:
            data = self.written()
            if data is not None:
                state.comments[int(self.path.rpartition("/")[2]) - 1].update(data)
                self.answer(200, {"html_url": "https://example.com/1"})

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


RunAction = Callable[..., ActionRun]


@pytest.fixture
def run_action(recorded: Recorded, tmp_path: Path, api: Api) -> RunAction:
    """Runs the action for an event, in a checkout of a reference."""
    (tmp_path / "state").mkdir()
    runs = iter(range(100))

    def run(name: str, event: dict[str, Any], reference: str, *, depth: int = 1, **inputs: str) -> ActionRun:
        number = next(runs)
        checkout = recorded.repository.checkout(tmp_path / f"checkout-{number}", reference, depth)
        (checkout / ".runtime").mkdir()
        (checkout / ".runtime" / "staging.baseline").write_bytes(recorded.baseline.read_bytes())
        path = tmp_path / f"event-{number}.json"
        path.write_text(json.dumps({"repository": {"full_name": "acme/shop", "default_branch": "main"}, **event}))
        environ = environment(path, name, api.url)
        return ActionRun(checkout, tmp_path / "state", environ).run(baseline="staging", **inputs)

    return run


def pull_request(repository: Repository, *, fork: bool = False) -> dict[str, Any]:
    """The event of the pull request."""
    head = "somebody/shop" if fork else "acme/shop"
    return {
        "number": 7,
        "pull_request": {
            "number": 7,
            "base": {"sha": repository.left, "ref": "main", "repo": {"full_name": "acme/shop"}},
            "head": {"sha": repository.change, "ref": "change", "repo": {"full_name": head}},
        },
    }


# --- the events -------------------------------------------------------------------------------------------------------


def test_a_pull_request_that_changes_what_callers_see_fails(
    run_action: RunAction, recorded: Recorded, api: Api
) -> None:
    """Base is what GitHub merged the change into; line, summary, comment, reports and code scanning say the same."""
    repository = recorded.repository
    run = run_action("pull_request", pull_request(repository), "refs/pull/7/merge", code_scanning="true")
    assert run.failed == "Verdict", run.log
    line = rf"^::error file={recorded.module}\.py,line=\d+,title=1 trace diverged here::"
    assert len(re.findall(line, run.log, re.MULTILINE)) == 1, run.log
    assert repository.main in run.log
    assert "❌ Not safe to merge" in run.summary
    assert run.artifacts == {
        "pytest-runtime-staging": ["report.html", "report.json", "report.md", "report.sarif"],
    }
    assert '"ruleId": "divergence"' in run.code_scanning
    [comment] = api.comments
    assert comment["body"].startswith("<!-- pytest-runtime: staging -->\n## ❌ Not safe to merge")
    again = run_action("pull_request", pull_request(repository), "refs/pull/7/merge", fail_on="never")
    assert again.failed == "", again.log
    assert again.outputs["state"] == "changed"
    assert len(api.comments) == 1
    assert "sealing" in run.log
    assert "sealing" not in again.log


def test_a_fork_is_judged_without_secrets(run_action: RunAction, recorded: Recorded, api: Api) -> None:
    """What the missing key means is said; a token that may only read costs the comment, not the check's answer."""
    api.may_write = False
    run = run_action("pull_request", pull_request(recorded.repository, fork=True), "refs/pull/7/merge")
    assert run.failed == "Verdict", run.log
    assert "comes from a fork, so the key is not there" in run.log
    assert "::warning title=pytest-runtime::GitHub refused the comment (403)" in run.log
    assert "Not safe to merge" in run.summary


def test_a_push_is_compared_with_what_was_there_before(run_action: RunAction, recorded: Recorded, api: Api) -> None:
    """A shallow checkout is deepened as far as needed; without a pull request there is no comment."""
    repository = recorded.repository
    run = run_action("push", {"before": repository.left}, repository.main)
    assert run.failed == "", run.log
    assert run.outputs["state"] == "safe"
    assert run.outputs["base"] == repository.left
    assert "nothing that the recorded traffic runs has changed" in run.outputs["title"]
    assert api.asked == []


def test_a_merge_queue_is_compared_with_its_base(run_action: RunAction, recorded: Recorded) -> None:
    """The event names the base of the group."""
    repository = recorded.repository
    event = {"merge_group": {"base_sha": repository.main, "head_sha": repository.merge}}
    run = run_action("merge_group", event, repository.merge, depth=0, fail_on="change")
    assert run.failed == "Verdict", run.log
    assert f"compared with {repository.main}" in run.log


def test_without_a_baseline_it_says_what_to_do(run_action: RunAction, recorded: Recorded) -> None:
    """The step that needs it fails, before anything is replayed."""
    run = run_action("push", {"before": recorded.repository.left}, recorded.repository.main, base="nowhere")
    assert run.failed == "Prepare"
    assert "the revision 'nowhere' is not in this checkout" in run.log


# --- history, event, comments -----------------------------------------------------------------------------------------


def test_a_new_branch_is_compared_with_where_it_left_the_default_branch(recorded: Recorded, tmp_path: Path) -> None:
    """A push of a new branch has no predecessor; its history is fetched until the branches meet."""
    repository = recorded.repository
    checkout = repository.checkout(tmp_path / "checkout", "change")
    payload = {"before": "0" * 40, "repository": {"full_name": "acme/shop", "default_branch": "main"}}
    said: list[str] = []
    assert base_commit(Git(checkout), event_of("push", payload), "", said.append) == repository.left
    assert any("--depth=" in line for line in said)


def test_a_proposed_commit_that_is_a_merge_has_a_base_on_the_other_branch(recorded: Recorded, tmp_path: Path) -> None:
    """Where the branch itself is checked out, and main was merged into it last, its first parent is the branch."""
    repository = recorded.repository
    checkout = repository.checkout(tmp_path / "checkout", "change", depth=0)
    git(checkout, "fetch", "-q", "origin", "main")
    git(checkout, "merge", "-q", "--no-edit", repository.main)
    head = git(checkout, "rev-parse", "HEAD")
    payload = pull_request(repository)
    payload["pull_request"]["head"]["sha"] = head
    payload["pull_request"]["base"]["sha"] = repository.main
    assert base_commit(Git(checkout), event_of("pull_request", payload), "", print) == repository.main
    # The same commit, as GitHub's own merge of another head, is compared with its first parent.
    payload["pull_request"]["head"]["sha"] = repository.change
    assert base_commit(Git(checkout), event_of("pull_request", payload), "", print) == repository.change


def test_a_predecessor_that_is_gone_is_no_base(recorded: Recorded, tmp_path: Path) -> None:
    """After a forced push the server has it no more."""
    checkout = recorded.repository.checkout(tmp_path / "checkout", "change")
    said: list[str] = []
    assert base_commit(Git(checkout), event_of("push", {"before": "1" * 40}), "", said.append) == ""
    assert "is gone" in said[-1]


@pytest.mark.parametrize("named", ["main", "origin/main"])
def test_a_named_base_is_fetched(recorded: Recorded, tmp_path: Path, named: str) -> None:
    """Whatever the event says."""
    checkout = recorded.repository.checkout(tmp_path / "checkout", "main", depth=1)
    assert base_commit(Git(checkout), event_of("push", {}), named, print) == recorded.repository.main
    with pytest.raises(BaseError, match="fetch-depth: 0"):
        base_commit(Git(checkout), event_of("push", {}), "--upload-pack=x", print)


@pytest.mark.parametrize("payload", [None, [], {}, {"pull_request": 3, "before": 4}, {"pull_request": {"head": None}}])
def test_an_event_that_says_little_is_read(payload: object) -> None:
    """Nothing is taken for granted."""
    event = event_of("push", payload)
    assert (event.base, event.number) == ("", 0)


def test_outside_a_workflow_the_commands_say_so(tmp_path: Path) -> None:
    """With what to run instead."""
    with pytest.raises(ConfigurationError, match="pytest --runtime-baseline"):
        read_event({})
    (tmp_path / "event.json").write_text("{")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_event({"GITHUB_EVENT_PATH": str(tmp_path / "event.json")})


def test_a_comment_of_somebody_else_is_left_alone(api: Api) -> None:
    """Anybody can write the marker; the one of a bot on a later page is found."""
    api.comments = [{"id": number, "user": {"type": "User"}, "body": "<!-- m -->"} for number in range(1, 151)]
    api.comments.append({"id": 151, "user": {"type": "Bot"}, "body": "<!-- m -->\nold"})
    environ = {"GITHUB_API_URL": api.url, "GITHUB_REPOSITORY": "acme/shop"}
    assert Comments(environ, 7, "t0ken").keep("<!-- m -->", "new") == "https://example.com/1"
    assert api.comments[150]["body"] == "<!-- m -->\nnew"
    assert {comment["body"] for comment in api.comments[:150]} == {"<!-- m -->"}
    with pytest.raises(CommentRefused, match="pull-requests: write"):
        Comments(environ, 7, "other").keep("<!-- x -->", "new")
    with pytest.raises(CommentRefused, match="could not be written"):
        Comments({"GITHUB_API_URL": "http://127.0.0.1:9"}, 7, "t").keep("<!-- x -->", "new")


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_action_is_pinned_and_nothing_is_pasted_into_a_script() -> None:
    """Other actions are named by commit; inputs reach scripts by variables alone: a branch's name is no command."""
    action = yaml.safe_load(ACTION.read_text())
    steps = action["runs"]["steps"]
    for step in steps:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step.get("uses", "a@" + "0" * 40)), step
        assert "${{" not in step.get("run", ""), step
    assert {"baseline", "store", "base", "shard", "explore", "fail-on", "comment"} <= action["inputs"].keys()


def test_the_action_follows_its_published_schema() -> None:
    """The schema that SchemaStore publishes for the metadata of actions."""
    jsonschema = pytest.importorskip("jsonschema")
    resources = pytest.importorskip("check_jsonschema.builtin_schemas")
    folder = Path(resources.__file__).parent / "vendor"
    schema = json.loads((folder / "github-actions.json").read_text())
    jsonschema.validate(yaml.safe_load(ACTION.read_text()), schema)


def test_the_workflows_on_the_page_follow_their_published_schema() -> None:
    """Whoever copies one gets a workflow; other actions in them are named by commit."""
    jsonschema = pytest.importorskip("jsonschema")
    resources = pytest.importorskip("check_jsonschema.builtin_schemas")
    page = ACTION.parent / "docs" / "github.md"
    if not page.exists():
        pytest.skip("the documentation is not part of this tree")
    schema = json.loads((Path(resources.__file__).parent / "vendor" / "github-workflows.json").read_text())
    blocks = re.findall(r"(?ms)^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"))
    assert len(blocks) == 2
    for block in blocks:
        workflow = yaml.safe_load(block)
        workflow["on"] = workflow.pop(True)  # YAML 1.1 takes the word for a truth value, GitHub does not
        jsonschema.validate(workflow, schema)
        for name, version in re.findall(r"uses: ([\w/-]+)@(\S+)", block):
            assert name == "pytest-runtime/pytest-runtime" or re.fullmatch("[0-9a-f]{40}", version), name


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("inputs.a == '' && format('x-{0}', inputs.b) || 'y'", "x-2"),
        ("inputs.b != '' && 'z' || 'y'", "z"),
        ("!(inputs.b == '2')", False),
        ("steps.one.outputs.cache-hit", "true"),
        ("'it''s'", "it's"),
    ],
)
def test_the_runner_reads_expressions(expression: str, value: object) -> None:
    """As GitHub's does."""
    context = {"inputs": {"a": "", "b": "2"}, "steps": {"one": {"outputs": {"cache-hit": "true"}}}}
    assert evaluate(expression, context) == value
