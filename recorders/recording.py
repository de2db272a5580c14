"""One recording: the composition of everything that the recorder is made of, and its end."""

from __future__ import annotations

import gc
import os
import sys
from _thread import allocate_lock
from typing import TYPE_CHECKING, Literal, TypeAlias

from . import context
from .boundaries.import_hooks import ImportHooks
from .entries.catalogue import BUILT_IN
from .errors import RuntimeBaselineError
from .faults import own
from .included import ImportWatcher, Included
from .installed import Plugins, loaded
from .options import RecordOptions, decode_options, encode_options
from .patching import Undos
from .probes.host import ProbeHost
from .session.child_processes import ChildEnvironment, restore_environment, this_program
from .session.collecting import Collecting
from .session.collector import END_SECONDS
from .session.ending import Ending, before_exits
from .session.forking import forking
from .session.governor import describe
from .session.recorder_gaps import RecorderGaps
from .session.session import Session
from .tracing.choose import choose_tracer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, ModuleType

    from .model.absences import AbsenceKey
    from .session.collector import Collector
    from .session.live_trace import LiveTrace
    from .session.tallies import Tallies

State: TypeAlias = Literal["new", "awake", "asleep", "stopped"]
"""`asleep` is a forked child that has not entered included code yet."""

REPORTED_CPU = 0.5
"""CPU seconds from which on the recorder says what it took."""


WAKING_SECONDS = 0.05
"""How long a thread waits for another one that wakes the recorder in a forked child, which takes less than 1 ms: it may
be a signal's handler that interrupted just that."""

SCRIPT_END_SECONDS = 60.0
"""What ending may take of a process that serves nobody, and that nobody asks to end."""


class Recording:
    """A recorder at work in this process, from `start` to `stop`, and in those that are forked from it."""

    def __init__(self, options: RecordOptions, *, is_checked: bool = False) -> None:
        """Opens the store, where this process is the one that reports; raises `StoreError` when that fails. With
        `is_checked` that was tried just before: then the session begins with the first trace, or a little later."""
        self._plugins = loaded()
        self.options = options = _with_redaction(options, self._plugins)
        self._reports = options.reporter in (0, os.getpid())
        included = Included(options.include)
        tracer = choose_tracer(self._fault, included)
        self._own = own = Collecting(options, self._plugins, included, tracer.rest)
        if self._reports and not is_checked:
            own.collector.output.opened()
        self.session = Session(included, own.sampler, tracer, own.tallies, own.governor, self._accept)
        text = encode_options(options._replace(reporter=options.reporter or os.getpid()))
        self._children = ChildEnvironment(text, options.startup)
        head, program = (lambda: tracer.head), this_program()
        self.probes = ProbeHost(options.store, included, own.redactor, root=options.root, program=program, head=head)
        self._ending = Ending(self)
        self._undos = Undos()
        self._hooks = ImportHooks(self._undos, self._fault)
        self._state: State = "new"
        self._waking = allocate_lock()

    @property
    def collector(self) -> Collector:
        """Of this process."""
        return self._own.collector

    @property
    def tallies(self) -> Tallies:
        """What is counted beside traces."""
        return self._own.tallies

    def _fault(self, fault: BaseException) -> None:
        self.session.fault(fault)

    def _accept(self, trace: LiveTrace, size: int) -> None:
        self.collector.accept(trace, size)
        self.probes.wake()

    def start(self) -> None:
        """Put everything in place; raises `StoreError`."""
        self._state = "awake"
        forking.watch(self)
        for plugin in self._plugins.found:
            if plugin.fault:
                sys.stderr.write(f"pytest-runtime: recording without the plugin {plugin.name}: {plugin.fault}\n")
        add = self._undos.add
        if self._reports:
            self.collector.start()
        add(self._children.watch(self._hooks))
        add(before_exits(self._ending.finish, self.flush))
        self._hooks.when_imported("multiprocessing.util", self._children.watch_spawning)
        self._plugins.install(self._undos, self._hooks, self.options.boundaries)
        add(context.watch_variables(self._own.variables))
        add(RecorderGaps(self.session.included, self._plugins.covered, self._note).watch(self._hooks))
        add(context.follow_threads(self.session.tracer.prepare))
        tracer, included = self.session.tracer, self.session.included
        entries = [make(self.session, self.options) for make in (*BUILT_IN, *self._plugins.entries)]
        for recorder in entries:
            add(recorder.install(self._hooks))

        def saw_codes(codes: list[CodeType]) -> None:
            tracer.register(codes)
            self.probes.saw_codes(codes)

        def saw_module(module: ModuleType) -> None:
            self.session.module_state.saw_module(module)
            for recorder in entries:
                recorder.saw_module(module)

        fault, compiler = self._fault, tracer.compiler
        watcher = ImportWatcher(included, on_codes=saw_codes, on_module=saw_module, on_fault=fault, compiler=compiler)
        add(watcher.install())
        self.probes.start()

    def _note(self, keys: Iterable[AbsenceKey]) -> None:
        self.tallies.note(keys)

    @property
    def is_active(self) -> bool:
        """Whether it records in this process, or would, once included code is entered."""
        return self._state in ("awake", "asleep")

    def watch_end(self) -> None:
        """End with the process."""
        self._ending.watch()

    def stop(self, *, hurried: bool = False) -> None:
        """Take everything away and write what was accepted; `hurried`: somebody waits for the process to end."""
        state, self._state = self._state, "stopped"
        if state in ("new", "stopped"):
            return
        self.probes.stop()
        self._hooks.stop()
        self._undos.run()
        self.session.tracer.rest()
        self.session.switch_off()
        self.session.tracer.stop()
        if state == "asleep":
            return
        self.tallies.note(self._left_out())
        self.collector.stop(END_SECONDS if hurried or self._own.sampler.is_budgeted else SCRIPT_END_SECONDS)

    def finish(self, *, hurried: bool) -> str:
        """Stop, because the process ends; what is to be said of it, or nothing."""
        if self._state != "awake":
            self.probes.stop()
            return ""  # a forked child that entered nothing: there is nothing to take away from a process that ends
        self.stop(hurried=hurried)
        return self.summary() if self._reports else ""

    def flush(self) -> None:
        """Write what was accepted, because another program may take this one's place."""
        if self._state == "awake":
            self.collector.flush()
        self.probes.flush()

    # --- forks ---

    def pause(self) -> None:
        """Have no thread and no connection for a moment."""
        if self._state == "awake" and context.current() is None:
            self._own.load()  # once for all that are forked, and while no request waits
        self.probes.pause()
        if self._state == "awake":
            self.collector.pause()

    def sleep(self) -> None:
        """In a forked child: do nothing until included code is entered."""
        if self._state not in ("awake", "asleep"):
            return
        self._state = "asleep"
        self._reports = False
        self._waking = allocate_lock()
        self._ending.forget()
        self._own.sleep()
        self.probes.forked()
        context.leave_all()
        self.session.tracer.forked()
        self.session.sleep(self._wake)

    def _wake(self) -> None:
        """Record in this process, which was forked; called by the first entries, maybe several at once."""
        if not self._waking.acquire(timeout=WAKING_SECONDS):
            self.tallies.counters.add("dropped: the recorder was just waking up")
            return
        try:
            if self._state == "asleep":
                self._own.wake()
                self._ending.watch()
                self._state = "awake"
                self.session.go_on(self._accept)
                self.probes.wake()
        finally:
            self._waking.release()

    # --- what is said ---

    def _left_out(self) -> list[AbsenceKey]:
        """What is known of code that ran and was not recorded, or why none ran."""
        started = self._children.unrecorded()
        modules = sorted(set(self.session.included.modules.values()))
        if self.collector.accepted or not (self._reports or modules):
            return started
        if not modules:
            return [*started, ("not imported", ", ".join(self.options.include))]
        more = f" and {len(modules) - 1} more" if modules[1:] else ""
        return [*started, ("not entered", f"{modules[0]}{more}")]

    def summary(self) -> str:
        """For a person: one line, and more where nothing was recorded, or not everywhere."""
        from .session.summary import Summary  # at the end, of the process that reports

        return Summary(
            self.options, self.tallies.counts(), self.collector.left_out(), self.collector.output, self._cpu()
        ).text()

    def _cpu(self) -> str:
        """What recording cost, where it is worth a line; empty where not."""
        usage = self.session.governor.usage()
        if usage.recorder < REPORTED_CPU and not self._own.sampler.held:
            return ""
        words = f"recording took {describe(usage)}"
        if self._own.sampler.held:
            left_out = f"{self._own.sampler.held} runs that may have been new were left out"
            return f"{words}; {left_out} (--sample all leaves out none)"
        if usage.steady > usage.share:
            return f"{words}, more than the {usage.share:.1%} that it would hold to, because everything is recorded"
        return words


def _with_redaction(options: RecordOptions, plugins: Plugins) -> RecordOptions:
    """The options, with what plugins take for secret and for no secret."""
    own = options.redact
    added = [name for one in plugins.redaction for name in one.names]
    kept = [name for one in plugins.redaction for name in one.keep]
    redact = own._replace(names=(*own.names, *added), keep=(*own.keep, *kept))
    return options._replace(redact=redact)


def start_for_process(options: RecordOptions, *, is_checked: bool = False) -> Recording:
    """Record this process from here to its end: normal exit, SIGINT and SIGTERM all write what was accepted.
    `is_checked` says that the store could be opened just before."""
    global _of_process
    if _of_process is not None and _of_process.is_active and _of_process.options.store == options.store:
        return _of_process  # it was started by whoever started the process
    recording = Recording(options, is_checked=is_checked)
    recording.start()
    recording.watch_end()
    _of_process = recording
    return recording


_of_process: Recording | None = None
"""The recording of the whole process, where there is one."""


def start_from_text(text: str) -> Recording | None:
    """Start the recorder from the options in the environment; a failure is one line on stderr, the service runs."""
    try:
        restore_environment()
        recording = start_for_process(decode_options(text), is_checked=True)
        # Nothing of the service is there yet. Without this each full collection of its garbage would walk through the
        # modules of the recorder too, a fifth of the time of a program that makes many objects.
        gc.freeze()
        return recording
    except RuntimeBaselineError as error:
        sys.stderr.write(f"pytest-runtime: not recording: {error}\n")
    except Exception as error:
        if not own(error):
            raise
        sys.stderr.write(f"pytest-runtime: not recording: {type(error).__name__}: {error}\n")
    return None
