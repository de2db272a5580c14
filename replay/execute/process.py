"""Replaying in processes of their own, so that nothing a replay leaves behind, and no way in which it ends, reaches
anyone. This is the asking side; `service` and `offspring` answer."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, Literal

import msgspec

from ...recorders.privacy.encryption import Keyring
from ...recorders.store.open import open_reader
from ..model.job import Job, Observed
from .fork_server import ServerEnded, environment
from .launch import Child, Copy, Served, Spawned, prepare
from .masking import Masks
from .messages import Ask, End, Jobs, Load, Watching, WatchLines, decode_loaded, decode_observed, encode
from .offspring import place_in
from .plan import CannotReplay, Loaded, LoadPlan
from .scratch import Scratch

TIME_LIMIT = 10.0
"""Seconds that one replay may take before it counts as hanging."""

LOAD_LIMIT = 300.0
"""Seconds that importing the code under test may take."""

TELLING = 0.2
"""Seconds within which a process that hangs tells where."""

RESTARTS = 20
"""Times that a process which ended is started again before the run is given up."""

AHEAD = 50_000
"""Bytes of jobs that are handed over before the first answer is read: they must fit into the buffer of a pipe, or both
sides would wait for each other to read."""


class QuestionLost(Exception):
    """A question ended the process that was to answer it; the message is the last that the process said."""


class ReplayerProcess:
    """One version of the code, loaded in a process of its own, in a scratch copy, behind a wall.

    A process that ends where it should not is started again: what was being replayed is replayed once more, alone, and
    who ends it again is told as crashed.
    """

    def __init__(
        self,
        plan: LoadPlan,
        *,
        store: str,
        path: Sequence[str],
        hash_seed: int = 0,
        limit: float = TIME_LIMIT,
        load_limit: float = LOAD_LIMIT,
        forking: bool = hasattr(os, "fork"),
        launch: Literal["spawn", "fork"] = "spawn",
    ) -> None:
        """`store` is where the baseline lies, `path` the `sys.path` that leads to the code. With `launch="fork"` the
        process is a copy of this one, which has its hash seed and whatever is loaded here."""
        self._plan = plan
        self._store = store
        self._path = list(path)
        self._limit = limit
        self._load_limit = load_limit
        self._forking = forking
        self._hash_seed = hash_seed
        self._launch = launch
        if launch == "spawn" and forking:
            prepare(hash_seed)
        self._scratch: Scratch | None = None
        self._connection: Connection[Any, Any] | None = None
        self._child: Child | None = None
        self._is_loaded = False
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._watched: Mapping[str, Iterable[int]] | None = None
        self._is_watching = False
        self._restarts = 0
        self._masks: Masks | None = None
        """What hides secrets in its output; made when that is first shown."""
        self.loaded = Loaded({}, {}, {}, [])
        self.reach_unavailable = ""

    def start(self) -> None:
        """Start the process and let it import the code, while this one does something else; raises `CannotReplay`."""
        try:
            self._scratch = Scratch(self._plan)
        except OSError as error:
            raise CannotReplay(
                f"the project at {self._plan.root} cannot be copied into a scratch folder: {error}"
            ) from error
        scratch = self._scratch
        environ = environment() if self._launch == "spawn" and self._forking else None
        question = Load(scratch.plan, self._store, scratch.path(self._path), self._limit, self._forking, environ)
        ours, theirs = Pipe()
        self._connection = ours
        self._child = self._launched(theirs, scratch.temporary)
        theirs.close()
        with suppress(OSError):  # it is gone already: `load` says so
            ours.send_bytes(encode(question))

    def _launched(self, theirs: Connection[Any, Any], temporary: str) -> Child:
        output = self._output.fileno()
        if self._launch == "fork":
            return Copy(theirs, output)
        if self._forking:
            try:
                return Served(self._hash_seed, theirs, output)
            except ServerEnded as error:
                raise CannotReplay(f"the interpreter that replaying processes are forked from ended: {error}") from None
        return Spawned(self._hash_seed, theirs, output, temporary)

    def load(self) -> Loaded:
        """What came of importing the code, in a process that is started now if it was not; raises `CannotReplay`."""
        if self._connection is None:
            self.start()
        answer = self._awaited()
        failed = msgspec.msgpack.decode(answer)
        if isinstance(failed, dict) and failed.get("type") == "failed":
            raise CannotReplay(self._shown(str(failed["message"])))
        self._is_loaded = True
        assert self._scratch is not None
        self.loaded = self._scratch.loaded(decode_loaded(answer))
        return self.loaded

    def _shown(self, text: str) -> str:
        """What the process wrote, as it may be shown: it may have written what the recording hides."""
        if self._plan.keys and self._masks is None:
            self._masks = Masks(Keyring(self._plan.keys))
            with closing(open_reader(self._store)) as reader:
                self._masks.learn_baseline(reader)
        masked = self._masks.text(text) if self._masks is not None else text
        return self._scratch.text(masked) if self._scratch is not None else masked

    def _awaited(self) -> bytes:
        """The answer to a question that may take as long as loading does; raises `CannotReplay`."""
        assert self._connection is not None
        try:
            if self._connection.poll(self._load_limit):
                return self._connection.recv_bytes()
        except (EOFError, OSError):
            raise CannotReplay(f"the process that loads the code under test ended: {self._last_words()}") from None
        raise CannotReplay(f"loading the code under test took longer than {self._load_limit:g} s{self._where()}")

    def _where(self) -> str:
        """The line that the process is at, of the code that it loads."""
        assert self._child is not None
        os.kill(self._child.pid, signal.SIGUSR1)
        time.sleep(TELLING)
        self._output.seek(0)
        return self._shown(place_in(self._output.read().decode(errors="replace")))

    def _last_words(self) -> str:
        self._output.seek(0)
        lines = self._output.read()[-4000:].decode(errors="replace").strip().splitlines()
        return self._shown(lines[-1]) if lines else "it said nothing"

    def watch(self, lines: Mapping[str, Iterable[int]] | None) -> None:
        """From here on note which of these lines each replay runs; `None` for all."""
        self._watched, self._is_watching = lines, True
        assert self._connection is not None
        assert self._scratch is not None
        wanted = None
        if lines is not None:
            wanted = self._scratch.lines({file: sorted(numbers) for file, numbers in lines.items()})
        with suppress(OSError):  # it is gone already: `_awaited` says so
            self._connection.send_bytes(encode(WatchLines(wanted)))
        self.reach_unavailable = msgspec.msgpack.decode(self._awaited(), type=Watching).unavailable

    # --- replaying ---

    def run(self, jobs: Iterable[Job]) -> Iterator[Observed]:
        """Answers, in the order of the jobs. All are to be read before something else is asked. Raises `CannotReplay`
        where the process cannot be started again."""
        waiting: deque[tuple[Job, int]] = deque()
        for job in jobs:
            if job.fresh and not self._forking:
                yield from self._rest(waiting)
                yield self._alone(job)
                continue
            question = encode(Jobs([job]))
            while waiting and sum(size for _job, size in waiting) + len(question) > AHEAD:
                yield from self._oldest(waiting)
            self._send(question)
            waiting.append((job, len(question)))
        yield from self._rest(waiting)

    def _rest(self, waiting: deque[tuple[Job, int]]) -> Iterator[Observed]:
        while waiting:
            yield from self._oldest(waiting)

    def _send(self, question: bytes) -> None:
        assert self._connection is not None
        with suppress(OSError):  # it is gone already: who reads the answer starts it again
            self._connection.send_bytes(question)

    def _oldest(self, waiting: deque[tuple[Job, int]]) -> list[Observed]:
        """The answer to the oldest job; to all that wait, where the process ended meanwhile."""
        observed = self._answer()
        if observed is not None:
            waiting.popleft()
            return [observed]
        self._restart()
        jobs = [job for job, _size in waiting]
        waiting.clear()
        return [self._by_itself(job) for job in jobs]

    def _answer(self) -> Observed | None:
        """The next answer, `None` when the process ended."""
        assert self._connection is not None
        assert self._scratch is not None
        try:
            return self._scratch.observed(decode_observed(self._connection.recv_bytes()))
        except (EOFError, OSError):
            return None

    def _by_itself(self, job: Job) -> Observed:
        """The answer to a job while no other is worked on, so that it is known who ends the process."""
        self._send(encode(Jobs([job])))
        observed = self._answer()
        if observed is None:
            words = self._last_words()
            self._restart()
            observed = Observed(job.trace, "crashed", f"the replay ended the process that loaded the code: {words}")
        return observed

    def _restart(self) -> None:
        """Load the code anew, in a new copy; raises `CannotReplay`."""
        words = self._last_words()
        self._restarts += 1
        if self._restarts > RESTARTS:
            raise CannotReplay(f"the process that replays ended {RESTARTS + 1} times, the last time with: {words}")
        self._end()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self.load()
        if self._is_watching:
            self.watch(self._watched)

    def _alone(self, job: Job) -> Observed:
        """A fresh replay where there is no fork."""
        other = ReplayerProcess(
            self._plan,
            store=self._store,
            path=self._path,
            hash_seed=self._hash_seed,
            limit=self._limit,
            forking=False,
            launch=self._launch,
        )
        try:
            other.load()
            return next(iter(other.run([msgspec.structs.replace(job, fresh=False)])))
        finally:
            other.stop()

    # --- questions for an extension ---

    def ask(self, handler: str, question: bytes) -> None:
        """Let a handler of the plan's extension answer, while this process does something else; `answer` comes next."""
        self._send(encode(Ask(handler, question)))

    def answer(self) -> bytes:
        """The answer to the question that was asked. Raises `QuestionLost` where the question ended the process, once
        the code is loaded anew, and `CannotReplay` where it cannot be."""
        assert self._connection is not None
        try:
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            words = self._last_words()
            self._restart()
            raise QuestionLost(words) from None

    def in_working_tree(self, text: str) -> str:
        """A text that the process gave, with the paths of the working tree."""
        return self._scratch.text(text) if self._scratch is not None else text

    def stop(self) -> None:
        """End the process, and whatever it started."""
        self._end()

    def _end(self) -> None:
        if self._connection is not None:
            with suppress(OSError):  # it may have ended before
                self._connection.send_bytes(encode(End()))
            if self._child is not None and self._is_loaded:
                self._child.await_end(self._connection)
            self._connection.close()
            self._connection = None
        if self._child is not None:
            with suppress(OSError):
                os.killpg(self._child.pid, signal.SIGKILL)  # what it forked too
            self._child.reap()
            self._child = None
        self._is_loaded = False
        self._output.close()
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None
