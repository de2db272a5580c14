"""Replaying in processes of their own, so that nothing a replay leaves behind, and no way in which it ends, reaches
anyone. This is the asking side; `service` and `job_process` answer."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from ..model.job import Job, Observed
from .budget import MOST_AT_ONCE, Share, machine_budget
from .connected import ConnectedProcess
from .conversation import ProcessEnded, Start
from .launch import prepare
from .lending import BorrowedProcess, Copied, Lent
from .messages import Ask, Jobs, decode_observed, encode
from .plan import CannotReplay, Loaded, LoadPlan

TIME_LIMIT = 10.0
"""Seconds that one replay may take before it counts as hanging."""

LOAD_LIMIT = 300.0
"""Seconds that importing the code under test may take."""

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
    who ends it again is reported as crashed.
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
        lender: str = "",
    ) -> None:
        """`store` is where the baseline lies, `path` the `sys.path` that leads to the code. With `launch="fork"` the
        process is a copy of this one, which has its hash seed and whatever is loaded here. At the address `lender`
        another process of this run lends copies of one that loaded the same code; empty where nobody does."""
        self._start = Start(plan, store, tuple(path), hash_seed, limit, load_limit, forking, launch)
        self._lender = lender
        if launch == "spawn" and forking and not lender:
            prepare(hash_seed)
        self._connected: ConnectedProcess | BorrowedProcess | None = None
        self._watched: Mapping[str, Iterable[int]] | None = None
        self._is_watching = False
        self._restarts = 0
        self._waiting: deque[tuple[Job, int]] = deque()
        """Jobs that were handed over and not answered yet, with their sizes."""
        self._is_asked = False
        """Whether a question is not answered yet."""
        self.loaded = Loaded({}, {}, {}, [])

    @property
    def _process(self) -> ConnectedProcess | BorrowedProcess:
        assert self._connected is not None, "it is loaded first"
        return self._connected

    @property
    def pid(self) -> int:
        """The number of the process that is loaded now."""
        return self._process.pid

    def start(self) -> None:
        """Start the process and let it import the code, while this one does something else; raises `CannotReplay`."""
        self._connected = BorrowedProcess(self._start, self._lender) if self._lender else ConnectedProcess(self._start)

    def load(self) -> Loaded:
        """The result of importing the code, in a process that is started now if it was not; raises `CannotReplay`."""
        if self._connected is None:
            self.start()
        self.loaded = self._process.load()
        return self.loaded

    def watch(self, lines: Mapping[str, Iterable[int]] | None) -> str:
        """From here on note which of these lines each replay runs, `None` for all; why that cannot be, or empty."""
        self._watched, self._is_watching = lines, True
        return self._process.watch(lines)

    # --- replaying ---

    def run(self, jobs: Iterable[Job]) -> Iterator[Observed]:
        """Answers, in the order of the jobs. All are to be read before something else is asked. Raises `CannotReplay`
        where the process cannot be started again."""
        asked = list(jobs)
        if asked:
            self._get_in_step()
            with machine_budget().share() as share:
                yield from self._answers(asked, share)

    def _answers(self, jobs: Sequence[Job], share: Share) -> Iterator[Observed]:
        most = min(MOST_AT_ONCE, sum(job.fresh for job in jobs))
        for job in jobs:
            if job.fresh and not self._start.forking:
                yield from self._rest()
                yield self._alone(job)
                continue
            question = encode(Jobs([job], share.processes(most)))
            while self._waiting and sum(size for _job, size in self._waiting) + len(question) > AHEAD:
                yield from self._oldest()
            self._process.send(question)
            self._waiting.append((job, len(question)))
        yield from self._rest()

    def _rest(self) -> Iterator[Observed]:
        while self._waiting:
            yield from self._oldest()

    def _oldest(self) -> list[Observed]:
        """The answer to the oldest job; to all that wait, where the process ended meanwhile."""
        observed = self._answer()
        if observed is not None:
            self._waiting.popleft()
            return [observed]
        self._restart()
        jobs = [job for job, _size in self._waiting]
        self._waiting.clear()
        return [self._by_itself(job) for job in jobs]

    def _get_in_step(self) -> None:
        """Let go of a process with answers that nobody waited for, as where a time limit interrupted who asked: the
        next one would be taken for the answer to something else."""
        if self._waiting or self._is_asked:
            self._waiting.clear()
            self._is_asked = False
            self._restart(in_order=False)

    def _answer(self) -> Observed | None:
        """The next answer, `None` when the process ended."""
        try:
            return self._process.scratch.observed(decode_observed(self._process.receive()))
        except ProcessEnded:
            return None

    def _by_itself(self, job: Job) -> Observed:
        """The answer to a job while no other is worked on, so that it is known who ends the process."""
        self._process.send(encode(Jobs([job])))
        observed = self._answer()
        if observed is None:
            words = self._process.last_words()
            self._restart()
            observed = Observed(job.trace, "crashed", f"the replay ended the process that loaded the code: {words}")
        return observed

    def _restart(self, *, in_order: bool = True) -> None:
        """Load the code anew, in a new copy; raises `CannotReplay`."""
        words = self._process.last_words()
        self._restarts += 1
        if self._restarts > RESTARTS:
            raise CannotReplay(f"the process that replays ended {RESTARTS + 1} times, the last time with: {words}")
        self.stop(in_order=in_order)
        self.load()
        if self._is_watching:
            self.watch(self._watched)

    def _alone(self, job: Job) -> Observed:
        """A fresh replay where there is no fork."""
        plan, store, path, hash_seed, limit, load_limit, _forking, launch = self._start
        other = ReplayerProcess(
            plan,
            store=store,
            path=path,
            hash_seed=hash_seed,
            limit=limit,
            load_limit=load_limit,
            forking=False,
            launch=launch,
        )
        try:
            other.load()
            return next(iter(other.run([msgspec.structs.replace(job, fresh=False)])))
        finally:
            other.stop()

    def copied(self) -> Copied:
        """A copy of the process as it was when the code was loaded; raises `CannotReplay`."""
        own = self._process
        assert isinstance(own, ConnectedProcess), "what is borrowed is not lent"
        try:
            connection = own.lend()
        except CannotReplay:
            self._restart()
            return self.copied()
        return Copied(connection, own.output, Lent(self.loaded, own.scratch.root, own.scratch.shown))

    # --- questions for an extension ---

    def ask(self, handler: str, question: bytes) -> None:
        """Let a handler of the plan's extension answer, while this process does something else; `answer` comes next."""
        self._get_in_step()
        self._process.send(encode(Ask(handler, question)))
        self._is_asked = True

    def answer(self) -> bytes:
        """The answer to the question that was asked. Raises `QuestionLost` where the question ended the process, once
        the code is loaded anew, and `CannotReplay` where it cannot be."""
        try:
            answer = self._process.receive()
        except ProcessEnded:
            self._is_asked = False
            words = self._process.last_words()
            self._restart()
            raise QuestionLost(words) from None
        self._is_asked = False
        return answer

    def in_working_tree(self, text: str) -> str:
        """A text that the process gave, with the paths of the working tree."""
        return self._connected.scratch.text(text) if self._connected is not None else text

    def stop(self, *, in_order: bool = True) -> None:
        """End the process, and whatever it started; unless `in_order`, whatever it is doing."""
        if self._connected is not None:
            self._connected.end(in_order=in_order)
            self._connected = None
