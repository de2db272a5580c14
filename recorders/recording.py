"""One recording: the composition of everything that the recorder is made of, and its end."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import subprocess
import sys
import threading
import weakref
from _thread import allocate_lock, start_new_thread
from contextlib import closing
from types import FrameType, ModuleType

import msgspec

from . import context
from .boundaries.import_hooks import ImportHooks
from .entries.catalogue import BUILT_IN
from .errors import RuntimeBaselineError, UnknownBaseline
from .faults import own
from .included import ImportWatcher, Included
from .model.absences import Absence, AbsenceKey, AbsenceKind, describe_forked, describe_unsampled, unsampled, why_empty
from .options import ENVIRONMENT_KEY, RecordOptions, decode_options
from .patching import Undos
from .plugins import Plugins, loaded
from .privacy.protection import redaction_of
from .session.child_processes import Children, program_of
from .session.collector import END_SECONDS, Collector
from .session.current_revision import CurrentRevision
from .session.gathering import Gathering
from .session.governor import Governor, describe
from .session.sampler import Sampler
from .session.session import Session
from .session.tallies import Tallies
from .store.open import open_reader, open_writer
from .store.protocol import Batch
from .tracing.choose import choose_tracer
from .tracing.settrace import TraceFunctionTracer

REPORTED_CPU = 0.5
"""CPU seconds from which on the recorder says what it took."""


SCRIPT_END_SECONDS = 60.0
"""What ending may take of a process that serves nobody, and that nobody asks to end."""


class Recording:
    """A recorder at work in this process, from `start` to `stop`."""

    def __init__(self, options: RecordOptions) -> None:
        """Opens the store; raises `StoreError` when that fails."""
        self._plugins = loaded()
        self.options = options = _with_redaction(options, self._plugins)
        writer = open_writer(options.store)
        self._children = Children(writer.location)
        self._included = Included(options.include)
        redactor, keys = redaction_of(options)
        self._revision = CurrentRevision(options, self._plugins, self._included, redactor, keys)
        governor = Governor(options.cpu_share)
        self._sampler = Sampler(options.sample, governor)
        self.tallies = Tallies(redactor)
        tracer = choose_tracer(self._fault, self._included)
        gathering = Gathering(
            self._included,
            exemplars=options.exemplars,
            redactor=redactor,
            found_path=self._sampler.found_path,
            name=self.tallies.unsampled.name,
        )
        self.collector = Collector(
            writer,
            self._included,
            gathering,
            self.tallies,
            governor=governor,
            revision=self._revision.read,
            rest=tracer.rest,
        )
        accept = self.collector.accept
        self.session = Session(self._included, self._sampler, tracer, self.tallies, governor, accept)
        self._undos = Undos()
        self._hooks = ImportHooks(self._undos, self._fault)
        self._active = False

    def _fault(self, fault: BaseException) -> None:
        self.session.fault(fault)

    def start(self) -> None:
        """Put everything in place."""
        self._active = True
        _forking.watch(self)
        for plugin in self._plugins.found:
            if plugin.fault:
                sys.stderr.write(f"pytest-runtime: recording without the plugin {plugin.name}: {plugin.fault}\n")
        add = self._undos.add
        self.collector.start()
        add(self._children.watch())
        self._hooks.when_imported("multiprocessing.util", self._children.watch_spawning)
        self._plugins.install(self._undos, self._hooks, self.options.boundaries)
        add(context.watch_variables(self._revision.variables))
        add(context.follow_threads(self.session.tracer.prepare))
        tracer = self.session.tracer
        entries = [make(self.session, self.options) for make in (*BUILT_IN, *self._plugins.entries)]
        for recorder in entries:
            add(recorder.install(self._hooks))

        def saw_module(module: ModuleType) -> None:
            self.session.module_state.saw_module(module)
            for recorder in entries:
                recorder.saw_module(module)

        watcher = ImportWatcher(
            self._included,
            on_codes=tracer.register,
            on_module=saw_module,
            on_fault=self._fault,
            compiler=tracer.compile if isinstance(tracer, TraceFunctionTracer) and tracer.finds_entries else None,
        )
        add(watcher.install())

    def stop(self, *, hurried: bool = False) -> None:
        """Take everything away and write what was accepted; `hurried`: somebody waits for the process to end."""
        if not self._active:
            return
        self._active = False
        self._hooks.stop()
        self._undos.run()
        self.session.tracer.rest()
        self.session.switch_off()
        self.session.tracer.stop()
        self.tallies.note(self._left_out())
        self.collector.stop(END_SECONDS if hurried or self._sampler.is_budgeted else SCRIPT_END_SECONDS)

    def pause(self) -> None:
        """Have no thread for a moment."""
        if self._active:
            self.collector.pause()

    def abandon(self) -> None:
        """In a forked child: record nothing; the parent goes on, and learns of it when included code runs here."""
        if not self._active:
            return
        self._active = False
        self.session.switch_off(on_missed=self._missed_in_child)

    def _missed_in_child(self) -> None:
        self.session.tracer.stop()
        self._children.note_forked()

    def _left_out(self) -> list[AbsenceKey]:
        """What is known of code that ran and was not recorded, or why none ran."""
        forked = self._children.forked()
        if self.collector.accepted:
            return forked
        modules = sorted(set(self._included.modules.values()))
        imported: AbsenceKey = ("not imported", ", ".join(self.options.include))
        if modules:
            more = f" and {len(modules) - 1} more" if modules[1:] else ""
            imported = ("not entered", f"{modules[0]}{more}")
        return [*forked, *self._children.started(), imported]

    def summary(self) -> str:
        """For a person: one line, and a second one when nothing was recorded, or not everywhere."""
        counters = self.tallies.counters.snapshot()
        lost = {name: count for name, count in sorted(counters.items()) if name.startswith(("dropped", "fault"))}
        losses = "".join(f", {name} {count}" for name, count in lost.items()) or ", nothing dropped"
        absences = self.collector.absences()
        skipped = describe_unsampled(unsampled(absences))
        traces = self.collector.output.traces
        line = (
            f"pytest-runtime: baseline {self.options.baseline!r}: {traces} trace{'s' * (traces != 1)} recorded, "
            f"{self.collector.output.kept} kept{skipped and f', {skipped}'}{losses} → {self.options.store}"
        )
        why = describe_forked(absences) if traces else why_empty(absences)
        return "\n".join([line, *(f"pytest-runtime: {more}" for more in (why, self._cpu()) if more)])

    def _cpu(self) -> str:
        """What recording cost, where it is worth a line; empty where not."""
        usage = self.session.governor.usage()
        if usage.recorder < REPORTED_CPU and not self._sampler.held:
            return ""
        words = f"recording took {describe(usage)}"
        if self._sampler.held:
            left_out = f"{self._sampler.held} runs that may have been new were left out"
            return f"{words}; {left_out} (--sample all leaves out none)"
        if usage.steady > usage.share:
            return f"{words}, more than the {usage.share:.1%} that it would hold to, because everything is recorded"
        return words


def _with_redaction(options: RecordOptions, plugins: Plugins) -> RecordOptions:
    """The options, with what plugins take for secret and for no secret."""
    own = options.redact
    added = [name for one in plugins.redaction for name in one.names]
    kept = [name for one in plugins.redaction for name in one.keep]
    redact = msgspec.structs.replace(own, names=(*own.names, *added), keep=(*own.keep, *kept))
    return msgspec.structs.replace(options, redact=redact)


class _Forking:
    """What happens to recordings where the process forks. Hooks of `os.register_at_fork` stay for good: one for all."""

    def __init__(self) -> None:
        self._recordings: weakref.WeakSet[Recording] = weakref.WeakSet()
        self._is_watching = False

    def watch(self, recording: Recording) -> None:
        """From now on."""
        self._recordings.add(recording)
        if not self._is_watching:
            self._is_watching = True
            os.register_at_fork(before=self._before, after_in_child=self._in_child)

    def _before(self) -> None:
        for recording in list(self._recordings):
            recording.pause()

    def _in_child(self) -> None:
        for recording in list(self._recordings):
            recording.abandon()


_forking = _Forking()


def start_for_process(options: RecordOptions) -> Recording:
    """Record this process from here to its end: normal exit, SIGINT and SIGTERM all write what was accepted."""
    recording = Recording(options)
    recording.start()
    ending = _Ending(recording)
    atexit.register(ending.finish)
    os.register_at_fork(after_in_child=ending.forget)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, ending.on_terminate)
    return recording


class _Ending:
    """The end of a recorded process, whichever way it comes, and from whichever thread: it happens once."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._once = allocate_lock()
        self._written = False
        self._signal = 0
        """A signal that is obeyed once everything is written."""

    def finish(self) -> None:
        """Write what was accepted, and say what was recorded; one that comes second waits for the first."""
        with self._once:
            if not self._written:
                interrupted = getattr(sys, "last_type", None) is KeyboardInterrupt
                self._recording.stop(hurried=interrupted or self._signal != 0)
                sys.stderr.write(self._recording.summary() + "\n")
                self._written = True
        if self._signal:
            os.kill(os.getpid(), self._signal)

    def forget(self) -> None:
        """In a forked child: the parent goes on, and reports."""
        atexit.unregister(self.finish)

    def on_terminate(self, number: int, frame: FrameType | None) -> None:
        """A handler of SIGTERM for a process that has none: write, then end by the signal itself.

        Writing happens in a thread, because the interrupted one may hold a lock that it needs. Exit functions of the
        service do not run, just as they would not without the recorder.
        """
        signal.signal(number, signal.SIG_DFL)
        self._signal = number
        try:
            start_new_thread(self.finish, ())
        except RuntimeError:
            return  # the interpreter is ending: `finish` runs below this very frame, or will, and obeys the signal


def current_commit(root: str) -> str:
    """The commit checked out at `root`, or empty where there is none."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def _restore_environment() -> None:
    """Take out of the environment what `pytest-runtime record` put there: the service sees its own."""
    os.environ.pop(ENVIRONMENT_KEY, None)
    _startup, _separator, before = os.environ.pop("PYTHONPATH", "").partition(os.pathsep)
    if before:
        os.environ["PYTHONPATH"] = before


def note_absence(store: str, kind: AbsenceKind, subject: str, *, once: str = "") -> bool:
    """Store why nothing is recorded, where no recorder is at work; raises `StoreError`.

    `False`, and nothing stored, when there is one of this kind already whose subject ends with `once`.
    """
    if once and any(known.kind == kind and known.subject.endswith(once) for known in _stored_absences(store)):
        return False
    with closing(open_writer(store)) as writer:
        writer.write(Batch([], {}, {}, [], {}, {}, {(kind, subject): 1}))
    return True


def _stored_absences(store: str) -> list[Absence]:
    try:
        reader = open_reader(store)
    except UnknownBaseline:
        return []
    with closing(reader):
        return reader.absences()


def note_other_process(options: RecordOptions) -> None:
    """This process is a child of the recorded command: say so once, and let the baseline know."""
    program, of = program_of(sys.orig_argv), f"child of {options.process}"
    if note_absence(options.store, "other process", f"{os.getpid()}: {program}, {of}", once=of):
        sys.stderr.write(
            f"pytest-runtime: process {os.getpid()} ({program}) is not recorded: it is a child of the recorded command "
            f"(process {options.process}). Record the Python process itself: "
            f"pytest-runtime record --baseline {options.baseline} -- {program} …\n"
        )


def start_from_text(text: str) -> Recording | None:
    """Start the recorder from the options in the environment; a failure is one line on stderr, the service runs."""
    try:
        options = decode_options(text)
        if options.process not in (0, os.getpid()):
            note_other_process(options)
            return None
        _restore_environment()
        recording = start_for_process(options)
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
