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
from contextlib import AbstractContextManager, nullcontext, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, Literal, NoReturn, TypeAlias

import msgspec

from ..recorders.store.open import open_reader
from ..recorders.trace import decode_trace
from .exploring.trial import Trials, Tried
from .exploring.trying import Trying
from .job import Job, Observed
from .lending import Lender
from .memory import for_replay, limit_memory, physical
from .replayer import CannotReplay, Loaded, Plan, Replayer
from .requests import read_ahead
from .scratch import Scratch
from .surroundings import use_temporary

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

RESTARTS = 20
"""Times that a process which ended is started again before the run is given up."""

HANG_AGAIN = 10
"""Once a replay hung, the others of the run have this part of the time."""

_WHOLE, _WORN = b"w", b"x"
"""Before an answer: whether the process that gives it can go on."""

AHEAD = 50_000
"""Bytes of jobs that are handed over before the first answer is read: they must fit into the buffer of a pipe, or both
sides would wait for each other to read."""


class _Load(msgspec.Struct, frozen=True, tag="load"):
    plan: Plan
    store: str
    path: list[str]
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
    """One version of the code, loaded in a process of its own, in a scratch copy, behind a wall.

    A process that ends where it should not is started again: what was being replayed is replayed once more, alone, and
    who ends it again is told as crashed.
    """

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
        self._plan = plan
        self._store = store
        self._path = list(path)
        self._limit = limit
        self._load_limit = load_limit
        self._forking = forking
        self._hash_seed = hash_seed
        self._launch = launch
        self._scratch: Scratch | None = None
        self._connection: Connection[Any, Any] | None = None
        self._child: subprocess.Popen[bytes] | _Forked | None = None
        self._is_loaded = False
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._watched: Mapping[str, Iterable[int]] | None = None
        self._is_watching = False
        self._asked = 0
        """Inputs that it was last asked to try."""
        self._restarts = 0
        self.loaded = Loaded({}, {}, {}, [])
        self.reach_unavailable = ""

    def start(self) -> None:
        """Start the process and let it import the code, while this one does something else; raises `CannotReplay`."""
        try:
            self._scratch = Scratch(self._plan)
        except OSError as error:
            raise CannotReplay(f"the project at {self._plan.root} cannot be copied into a scratch folder: {error}") from error
        scratch = self._scratch
        question = _Load(scratch.plan, self._store, scratch.path(self._path), self._limit, self._forking)
        ours, theirs = Pipe()
        self._connection = ours
        if self._launch == "fork":
            self._child = _Forked(forked(lambda: _serve_forked(theirs, self._output.fileno())))
        else:
            self._child = self._spawned(theirs, scratch.temporary)
        theirs.close()
        with suppress(OSError):  # it is gone already: `load` says so
            ours.send_bytes(_encode(question))

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
        self.loaded = self._scratch.loaded(_decode_loaded(answer))
        return self.loaded

    def _shown(self, text: str) -> str:
        return self._scratch.text(text) if self._scratch is not None else text

    def _spawned(self, theirs: Connection[Any, Any], temporary: str) -> subprocess.Popen[bytes]:
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
        boot = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main({theirs.fileno()})"
        folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), temporary)
        return subprocess.Popen(
            [sys.executable, *flags, "-P", "-c", boot],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            env={**os.environ, **folders, "PYTHONHASHSEED": str(self._hash_seed)},
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
        return self._shown(_place(self._output.read().decode(errors="replace")))

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
            self._connection.send_bytes(_encode(_Watch(wanted)))
        self.reach_unavailable = msgspec.msgpack.decode(self._awaited(), type=_Watching).unavailable

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
            question = _encode(_Jobs([job]))
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
            return self._scratch.observed(_decode_observed(self._connection.recv_bytes()))
        except (EOFError, OSError):
            return None

    def _by_itself(self, job: Job) -> Observed:
        """The answer to a job while no other is worked on, so that it is known who ends the process."""
        self._send(_encode(_Jobs([job])))
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

    # --- exploring ---

    def ask(self, trials: Trials) -> None:
        """Let it try inputs, while this process does something else; `tried` comes next."""
        self._asked = len(trials.trials)
        self._send(_encode(trials))

    def tried(self) -> list[Tried]:
        """What came of the inputs that it was asked to try; all of them crashed where they ended the process. Raises
        `CannotReplay`."""
        assert self._connection is not None
        try:
            return _decode_tried(self._connection.recv_bytes())
        except (EOFError, OSError):
            reason = f"one of the inputs ended the process that explores: {self._last_words()}"
            self._restart()
            return [Tried("error", reason)] * self._asked

    def stop(self) -> None:
        """End the process, and whatever it started."""
        self._end()

    def _end(self) -> None:
        if self._connection is not None:
            with suppress(OSError):  # it may have ended before
                self._connection.send_bytes(_encode(_End()))
            self._connection.close()
            self._connection = None
        if self._child is not None:
            if self._is_loaded:
                _await_end(self._child)
            with suppress(OSError):
                os.killpg(self._child.pid, signal.SIGKILL)  # what it forked too
            self._child.wait()
            self._child = None
        self._is_loaded = False
        self._output.close()
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None


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


def _await_end(child: subprocess.Popen[bytes] | _Forked) -> None:
    """Wait until a process that was told to end has ended, or the time that this may take is over. It is not reaped:
    as long as it is there, nobody else gets its process group's number."""
    if not hasattr(os, "waitid"):
        with suppress(subprocess.TimeoutExpired):
            child.wait(END_LIMIT)
        return
    until = time.monotonic() + END_LIMIT
    pause = 0.0005
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > until:
            return
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


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
    os.chdir(question.plan.root)
    use_temporary(question.plan.temporary)
    limit_memory(physical())
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
        self._trying = Trying(replayer.attempts, self._forked_to_try if load.forking else None, replayer.ours)

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

    def _forked_to_try(self, run: Callable[[], None]) -> int:
        def tries() -> None:
            self._replayer.own_child()
            run()

        return forked(tries, self._replayer.ours)

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
            return _encode(self._replayer.run(job))
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

    def _drop_warm(self) -> None:
        if self._warm is not None:
            self._warm.end()
            self._warm = None


class _Offspring:
    """A process forked from the loaded one."""

    def __init__(self, replayer: Replayer, limit: float) -> None:
        self._replayer = replayer
        self._limit = limit
        self._connection, theirs = Pipe()
        self._trail = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        ours = self._connection
        self._child = forked(lambda: _live(replayer, theirs, ours, self._trail.fileno()), replayer.ours)
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
                return self._read()
        except (EOFError, OSError):
            return _encode(Observed(self._trace, "crashed", self._crash()))
        return _encode(Observed(self._trace, "hung", self._hang()))

    def _read(self) -> bytes:
        answer = self._connection.recv_bytes()
        if answer[:1] == _WORN:
            self._kill()
        return answer[1:]

    def _crash(self) -> str:
        self.alive = False
        _child, status = os.waitpid(self._child, 0)
        if os.WIFSIGNALED(status):
            return f"the replay {ended_by(os.WTERMSIG(status))}{self._place()}"
        return f"the replay ended its process with status {os.WEXITSTATUS(status)} (`os._exit`)"

    def _hang(self) -> str:
        self.hung = True
        with self._replayer.ours():
            os.kill(self._child, signal.SIGUSR1)  # tell where
        until = time.monotonic() + TELL_LIMIT
        while not os.fstat(self._trail.fileno()).st_size and time.monotonic() < until:
            time.sleep(0.01)
        self._kill()
        return f"the replay was still running after {self._limit:g} s{self._place()}"

    def _kill(self) -> None:
        """What code under test registered for its end is not to run."""
        self.alive = False
        with self._replayer.ours():
            os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)

    def _place(self) -> str:
        self._trail.seek(0)
        return _place(self._trail.read().decode(errors="replace"))

    def end(self) -> None:
        """No more jobs."""
        self._connection.close()
        self._trail.close()
        if self.alive:
            self._kill()
        self._replayer.forget_child(self._child)


def ended_by(number: int) -> str:
    """How a process ended that a signal ended, as the rest of a sentence."""
    if number == getattr(signal, "SIGSYS", None):
        return "was ended by the wall: code in C that takes no signals made a system call that is refused"
    return f"crashed the interpreter: {signal.Signals(number).name}"


def _place(trail: str) -> str:
    """The innermost line in what `faulthandler` wrote, as the end of a sentence; empty when it wrote nothing."""
    frames = [line.strip() for line in trail.splitlines() if line.strip().startswith("File ")]
    return f", at {frames[0]}" if frames else ""


def _live(replayer: Replayer, connection: Connection[Any, Any], other: Connection[Any, Any], trail: int) -> None:
    """The life of a forked process."""
    other.close()
    faulthandler.enable(trail, all_threads=False)
    faulthandler.register(signal.SIGUSR1, trail, all_threads=False)
    replayer.own_child()
    limit_memory(for_replay())
    tools = _tools()
    try:
        while True:
            answer = _encode(replayer.run(_decode_job(connection.recv_bytes())))
            connection.send_bytes((_WHOLE if _tools() == tools else _WORN) + answer)
    except (EOFError, ConnectionError):
        return


def _tools() -> list[str | None]:
    """Who holds which tool of `sys.monitoring`: a replay that took one away leaves a process that is of no use."""
    if sys.version_info < (3, 12):
        return []
    return [sys.monitoring.get_tool(number) for number in range(6)]


def forked(run: Callable[[], None], ours: Callable[[], AbstractContextManager[None]] = nullcontext) -> int:
    """The process id of a child that runs a function and ends; `ours` is around the fork."""
    with warnings.catch_warnings(), ours():
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
