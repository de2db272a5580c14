"""This file is about replaying in processes of their own: a loaded process that forks, so that nothing a replay leaves
behind, and no way in which it ends, reaches anyone.

The *loaded* process imports the code and replays nothing itself. It forks a *warm* process that answers one job after
the other, and a *fresh* one for each job that asks for it; several of these work at the same time. One that hangs is
killed at the time limit; one that crashes, or ends itself, takes only its trace with it. Where there is no fork, the
loaded process answers warm jobs itself, and each fresh job gets a loaded process of its own.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, Literal, NoReturn, TypeAlias

import msgspec

from ..recorders.store.open import open_reader
from ..recorders.trace import decode_trace
from .exploring.trial import Trials, Tried
from .exploring.trying import Trying
from .job import Job, Observed
from .lending import Lender
from .replayer import CannotReplay, Loaded, Plan, Replayer
from .requests import read_ahead

TIME_LIMIT = 10.0
"""Seconds that one replay may take before it counts as hanging."""

LOAD_LIMIT = 300.0
"""Seconds that importing the code under test may take."""

END_LIMIT = 5.0
"""Seconds that a process may take to end when it is told to."""

TELLING = 0.2
"""Seconds within which a process that hangs tells where."""

AT_ONCE = min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
"""Fresh processes that work at the same time."""

TELL_LIMIT = 1.0
"""Seconds in which a process that hangs may tell where."""

HANG_AGAIN = 10
"""Once a replay hung, the others of the run have this part of the time."""

AHEAD = 50_000
"""Bytes of jobs that are handed over before the first answer is read: they must fit into the buffer of a pipe, or both
sides would wait for each other to read."""


class _Load(msgspec.Struct, frozen=True, tag="load"):
    plan: Plan
    store: str
    path: list[str]
    folder: str
    limit: float
    forking: bool


class _Watch(msgspec.Struct, frozen=True, tag="watch"):
    lines: dict[str, list[int]] | None


class _Jobs(msgspec.Struct, frozen=True, tag="jobs"):
    jobs: list[Job]


class _End(msgspec.Struct, frozen=True, tag="end"):
    pass


class _Failed(msgspec.Struct, frozen=True, tag="failed"):
    message: str


class _Watching(msgspec.Struct, frozen=True, tag="watching"):
    unavailable: str


_Question: TypeAlias = _Load | _Watch | _Jobs | Trials | _End
_encode = msgspec.msgpack.Encoder().encode
_decode_question = msgspec.msgpack.Decoder(_Question).decode
_decode_loaded = msgspec.msgpack.Decoder(Loaded).decode
_decode_observed = msgspec.msgpack.Decoder(Observed).decode
_decode_job = msgspec.msgpack.Decoder(Job).decode
_decode_tried = msgspec.msgpack.Decoder(list[Tried]).decode


# --- the asking side -----------------------------------------------------------------------------------------------


class ReplayerProcess:
    """One version of the code, loaded in a process of its own."""

    def __init__(
        self,
        plan: Plan,
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
        process is a copy of this one, which is quick and has this one's hash seed."""
        self._load_limit = load_limit
        self._question = _Load(plan, store, list(path), plan.root, limit, forking)
        self._hash_seed = hash_seed
        self._launch = launch
        self._connection: Connection[Any, Any] | None = None
        self._child: subprocess.Popen[bytes] | _Forked | None = None
        self._is_loaded = False
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self.loaded = Loaded({}, {}, {}, [])
        self.reach_unavailable = ""

    def start(self) -> None:
        """Start the process and let it import the code, while this one does something else."""
        ours, theirs = Pipe()
        self._connection = ours
        if self._launch == "fork":
            self._child = _Forked(_forked(lambda: _serve_forked(theirs, self._output.fileno())))
        else:
            self._child = self._spawned(theirs)
        theirs.close()
        with suppress(OSError):  # it is gone already: `load` says so
            ours.send_bytes(_encode(self._question))

    def load(self) -> Loaded:
        """What came of importing the code, in a process that is started now if it was not; raises `CannotReplay`."""
        if self._connection is None:
            self.start()
        answer = self._awaited()
        failed = msgspec.msgpack.decode(answer)
        if isinstance(failed, dict) and failed.get("type") == "failed":
            raise CannotReplay(str(failed["message"]))
        self._is_loaded = True
        self.loaded = _decode_loaded(answer)
        return self.loaded

    def _spawned(self, theirs: Connection[Any, Any]) -> subprocess.Popen[bytes]:
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
        boot = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main({theirs.fileno()})"
        environment = {**os.environ, "PYTHONHASHSEED": str(self._hash_seed)}
        return subprocess.Popen(
            [sys.executable, *flags, "-P", "-c", boot],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            env=environment,
            process_group=0,
        )

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
        return _place(self._output.read().decode(errors="replace"))

    def _last_words(self) -> str:
        self._output.seek(0)
        lines = self._output.read()[-4000:].decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def watch(self, lines: Mapping[str, Iterable[int]] | None) -> None:
        """From here on note which of these lines each replay runs; `None` for all."""
        wanted = {file: sorted(numbers) for file, numbers in lines.items()} if lines is not None else None
        assert self._connection is not None
        with suppress(OSError):  # it is gone already: `_awaited` says so
            self._connection.send_bytes(_encode(_Watch(wanted)))
        self.reach_unavailable = msgspec.msgpack.decode(self._awaited(), type=_Watching).unavailable

    def run(self, jobs: Iterable[Job]) -> Iterator[Observed]:
        """Answers, in the order of the jobs. All are to be read before something else is asked."""
        assert self._connection is not None
        waiting: deque[tuple[Job, int]] = deque()
        ahead = 0
        for job in jobs:
            question = _encode(_Jobs([job]))
            while waiting and ahead + len(question) > AHEAD:
                earlier, size = waiting.popleft()
                ahead -= size
                yield self._answer(earlier)
            try:
                self._connection.send_bytes(question)
            except OSError:
                raise self._gone(job) from None
            waiting.append((job, len(question)))
            ahead += len(question)
        for earlier, _size in waiting:
            yield self._answer(earlier)

    def ask(self, trials: Trials) -> None:
        """Let it try inputs, while this process does something else; `tried` comes next."""
        assert self._connection is not None
        with suppress(OSError):  # it is gone already: `tried` says so
            self._connection.send_bytes(_encode(trials))

    def tried(self) -> list[Tried]:
        """What came of the inputs that it was asked to try; raises `CannotReplay`."""
        assert self._connection is not None
        try:
            return _decode_tried(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise CannotReplay(f"the process that explores ended: {self._last_words()}") from None

    def _answer(self, job: Job) -> Observed:
        assert self._connection is not None
        try:
            return _decode_observed(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise self._gone(job) from None

    def _gone(self, job: Job) -> CannotReplay:
        return CannotReplay(f"the process that replays ended at trace {job.trace}: {self._last_words()}")

    def stop(self) -> None:
        """End the process."""
        if self._connection is not None:
            with suppress(OSError):  # it may have ended before
                self._connection.send_bytes(_encode(_End()))
            self._connection.close()
            self._connection = None
        if self._child is not None:
            if not (self._is_loaded and _ended(self._child)):
                with suppress(OSError):
                    os.killpg(self._child.pid, signal.SIGKILL)  # what it forked too
                self._child.wait()
            self._child = None
        self._output.close()


class _Forked:
    """A copy of this process, to be waited for as for a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._over = False

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended; raises `subprocess.TimeoutExpired`."""
        until = time.monotonic() + timeout if timeout is not None else None
        while not self._over:
            self._over = os.waitpid(self.pid, os.WNOHANG if until is not None else 0)[0] == self.pid
            if not self._over and until is not None:
                if time.monotonic() > until:
                    raise subprocess.TimeoutExpired("fork", timeout or 0.0)
                time.sleep(0.001)


def _ended(child: subprocess.Popen[bytes] | _Forked) -> bool:
    """Whether a process that was told to end has ended, in the time that this may take."""
    try:
        child.wait(END_LIMIT)
    except subprocess.TimeoutExpired:
        return False
    return True


# --- the answering side --------------------------------------------------------------------------------------------


def main(descriptor: int) -> None:
    """The loaded process, when it is started anew."""
    _serve(Connection(descriptor))


def _serve_forked(connection: Connection[Any, Any], output: int) -> None:
    os.setpgid(0, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.settrace(None)
    _serve(connection)


def _serve(connection: Connection[Any, Any]) -> None:
    question = _decode_question(connection.recv_bytes())
    assert isinstance(question, _Load)
    faulthandler.register(signal.SIGUSR1, 2, all_threads=False)
    _forget(question.plan.include)
    sys.path[:] = question.path
    os.chdir(question.folder)
    replayer = Replayer(question.plan, traces=lambda: _lender(question.store))
    replayer.own_process()
    replayer.start()
    try:
        loaded = replayer.load()
    except CannotReplay as error:
        connection.send_bytes(_encode(_Failed(str(error))))
        return
    gc.collect()
    gc.freeze()  # what is loaded stays: a collection in a child would copy all its pages
    connection.send_bytes(_encode(loaded))
    _Service(replayer, connection, question).serve()


def _forget(include: Sequence[str]) -> None:
    """A copy of a process that has the code under test loaded, in whatever version, loads its own."""
    for module in list(sys.modules):
        if any(module == package or module.startswith(f"{package}.") for package in include):
            del sys.modules[module]


def _lender(store: str) -> Lender:
    reader = open_reader(store)
    try:
        return Lender(stored.trace for stored in reader.traces() if stored.trace is not None)
    finally:
        reader.close()


class _Service:
    """Answers questions in the loaded process."""

    def __init__(self, replayer: Replayer, connection: Connection[Any, Any], load: _Load) -> None:
        self._replayer = replayer
        self._connection = connection
        self._load = load
        self._warm: _Offspring | None = None
        self._fresh: deque[_Offspring] = deque()
        """Processes of their own whose answers are still to be sent, oldest first."""
        self._parses = False
        """Whether replays come to parsing SQL."""
        self._hung = False
        self._trying = Trying(replayer.attempts, _forked if load.forking else None)

    def serve(self) -> None:
        """Until the asking side is gone."""
        try:
            while not isinstance(question := self._next(), _End):
                self._answer(question)
        except (EOFError, ConnectionError):
            pass  # the asking side has what it wanted
        finally:
            self._drop_warm()
            self._trying.end()
            for offspring in self._fresh:
                offspring.end()
            self._replayer.stop()

    def _next(self) -> _Question:
        """The next question; where there is none yet, or enough is being done, an answer is sent first."""
        while self._fresh and (len(self._fresh) >= AT_ONCE or not self._connection.poll(0)):
            self._send_oldest()
        question: _Question = _decode_question(self._connection.recv_bytes())
        return question

    def _send_oldest(self) -> None:
        offspring = self._fresh.popleft()
        answer = offspring.answer()
        self._hung = self._hung or offspring.hung
        offspring.end()
        self._learn(answer)
        self._connection.send_bytes(answer)

    def _answer(self, question: _Question) -> None:
        match question:
            case _Watch(lines=lines):
                while self._fresh:
                    self._send_oldest()
                self._drop_warm()
                self._replayer.watch(lines)
                self._connection.send_bytes(_encode(_Watching(self._replayer.reach_unavailable)))
            case _Jobs(jobs=jobs):
                for job in jobs:
                    if job.fresh and self._load.forking:
                        self._begin(job)
                    else:
                        self._connection.send_bytes(self._run(job))
            case Trials():
                self._replayer.lend()
                self._connection.send_bytes(_encode(self._trying.answer(question)))
            case _Load() | _End():
                raise AssertionError("it is loaded already")

    def _begin(self, job: Job) -> None:
        """Let a process of its own work on a job; several do at the same time, and are answered in order."""
        self._make_ready(job)
        offspring = _Offspring(self._replayer, self._limit)
        self._fresh.append(offspring)
        offspring.begin(job)

    def _run(self, job: Job) -> bytes:
        """The answer of the warm process, after those that are still to be given."""
        while self._fresh:
            self._send_oldest()
        if not self._load.forking:
            return _encode(self._alone(job) if job.fresh else self._replayer.run(job))
        if self._warm is None:
            self._warm = _Offspring(self._replayer, self._limit)
        self._warm.begin(job)
        answer = self._warm.answer()
        if not self._warm.alive:
            self._hung = self._hung or self._warm.hung
            self._drop_warm()
        return answer

    @property
    def _limit(self) -> float:
        """Seconds for a replay; fewer once one hung: a loop without an end is seldom met by one trace alone."""
        limit = self._load.limit
        return max(limit / HANG_AGAIN, min(limit, 1.0)) if self._hung else limit

    def _learn(self, answer: bytes) -> None:
        """What one process had to make ready, later ones will too: it is made once, here."""
        observed = _decode_observed(answer)
        if self._replayer.worker.lender is None and observed.borrowed:
            self._replayer.lend()
        self._parses = self._parses or observed.parsed

    def _make_ready(self, job: Job) -> None:
        """Read the statements of a trace before its process is forked, which would forget what it read."""
        if self._parses:
            for exchange in decode_trace(job.data).exchanges:
                read_ahead(exchange.boundary, exchange.request)

    def _alone(self, job: Job) -> Observed:
        """A fresh replay where there is no fork."""
        load = self._load
        seed = os.environ.get("PYTHONHASHSEED", "0")
        other = ReplayerProcess(
            load.plan, store=load.store, path=load.path, hash_seed=int(seed), limit=load.limit, forking=False
        )
        try:
            other.load()
            return next(iter(other.run([msgspec.structs.replace(job, fresh=False)])))
        finally:
            other.stop()

    def _drop_warm(self) -> None:
        if self._warm is not None:
            self._warm.end()
            self._warm = None


class _Offspring:
    """A process forked from the loaded one."""

    def __init__(self, replayer: Replayer, limit: float) -> None:
        self._limit = limit
        self._connection, theirs = Pipe()
        self._trail = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        ours = self._connection
        self._child = _forked(lambda: _live(replayer, theirs, ours, self._trail.fileno()))
        theirs.close()
        self._trace = ""
        self.alive = True
        self.hung = False

    def begin(self, job: Job) -> None:
        """Let it work on a job; `answer` comes next."""
        self._trace = job.trace
        with suppress(OSError):  # it is gone: `answer` says so
            self._connection.send_bytes(_encode(job))

    def answer(self) -> bytes:
        """The answer to the job; one that hangs or crashes is told as such, and this process is no more."""
        try:
            if self._connection.poll(self._limit):
                return self._connection.recv_bytes()
        except (EOFError, OSError):
            return _encode(Observed(self._trace, "crashed", self._crash()))
        return _encode(Observed(self._trace, "hung", self._hang()))

    def _crash(self) -> str:
        self.alive = False
        _child, status = os.waitpid(self._child, 0)
        if os.WIFSIGNALED(status):
            return f"the replay crashed the interpreter: {signal.Signals(os.WTERMSIG(status)).name}{self._place()}"
        return f"the replay ended its process with status {os.WEXITSTATUS(status)} (`os._exit`)"

    def _hang(self) -> str:
        self.alive, self.hung = False, True
        os.kill(self._child, signal.SIGUSR1)  # tell where
        until = time.monotonic() + TELL_LIMIT
        while not os.fstat(self._trail.fileno()).st_size and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        return f"the replay was still running after {self._limit:g} s{self._place()}"

    def _place(self) -> str:
        self._trail.seek(0)
        return _place(self._trail.read().decode(errors="replace"))

    def end(self) -> None:
        """No more jobs."""
        self._connection.close()
        self._trail.close()
        if self.alive:
            self.alive = False
            os.kill(self._child, signal.SIGKILL)  # what code under test registered for its end is not to run
            os.waitpid(self._child, 0)


def _place(trail: str) -> str:
    """The innermost line in what `faulthandler` wrote, as the end of a sentence; empty when it wrote nothing."""
    frames = [line.strip() for line in trail.splitlines() if line.strip().startswith("File ")]
    return f", at {frames[0]}" if frames else ""


def _live(replayer: Replayer, connection: Connection[Any, Any], other: Connection[Any, Any], trail: int) -> None:
    """The life of a forked process."""
    other.close()
    faulthandler.enable(trail, all_threads=False)
    faulthandler.register(signal.SIGUSR1, trail, all_threads=False)
    try:
        while True:
            connection.send_bytes(_encode(replayer.run(_decode_job(connection.recv_bytes()))))
    except (EOFError, ConnectionError):
        return


def _forked(run: Callable[[], None]) -> int:
    """The process id of a child that runs a function and ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the code under test: the child starts none
        child = os.fork()
    if child:
        return child
    _run_and_exit(run)


def _run_and_exit(run: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        run()
        status = 0
    except BaseException:  # noqa: BLE001 - the last words of a child: its parent reads them
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)
