"""The included packages: which files, modules and code objects are under validation."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from .capture.raw import code_of, is_instance, namespace_of_module, text, type_dict
from .code_flags import nested_codes
from .faults import own
from .imports import HookFinder, found_by, give_back, was_imported

if TYPE_CHECKING:
    from .patching import Undo
    from .tracing.protocol import Compiler


class Included:
    """Knows of every file whether it belongs to the packages under validation.

    A file belongs when it was imported as a module of an included package; nothing is guessed from paths.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = frozenset(packages)
        self.modules: dict[str, str] = {}
        """file name → module name"""
        self.sources: dict[str, str] = {}
        """file name → source text at import"""

    def covers(self, module: str) -> bool:
        """Whether a module name belongs to an included package."""
        while module:
            if module in self._packages:
                return True
            module = module.rpartition(".")[0]
        return False

    def __call__(self, file: str) -> bool:
        """Whether a file belongs."""
        return file in self.modules

    def add(self, file: str, module: str) -> None:
        """A file of an included module was imported; its text is kept as it was then."""
        self.modules[file] = module
        try:
            with open(file, "rb") as stream:
                self.sources[file] = importlib.util.decode_source(stream.read())
        except (OSError, SyntaxError, UnicodeDecodeError):
            self.sources[file] = ""


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads an included module and reports its code."""

    watcher: ImportWatcher

    def get_code(self, fullname: str) -> CodeType | None:
        compiler = self.watcher.compiler
        code = super().get_code(fullname) if compiler is None else self._compiled(fullname, compiler)
        if code is not None:
            self.watcher.saw_code(code, fullname)
        return code

    def _compiled(self, fullname: str, compiler: Compiler) -> CodeType:
        """From the source itself: cached bytecode goes by a file's size and second of change, and may be stale."""
        data = self.get_data(self.path)
        return compiler(importlib.util.decode_source(data), fullname, self.path)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        self.watcher.saw_import(module)


def is_test(module: str) -> bool:
    """Whether a module is called as tests are. One that is loaded as a test, too, drives the included code from
    outside: if it were included, each trace would be a whole test, with the fixtures that it was given."""
    *above, name = module.split(".")
    return (
        not _TESTS.isdisjoint((*above, name))
        or name.startswith("test_")
        or name.endswith(("_test", "_tests"))
        or name == "conftest"
    )


_TESTS = frozenset({"test", "tests", "_test", "_tests"})


class _WatchedLoader:
    """Stands before a loader of somebody else's (one that rewrites assertions, or checks types) for one import."""

    def __init__(self, loader: Any, watcher: ImportWatcher) -> None:
        self._loader = loader
        self._watcher = watcher

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        found: ModuleType | None = self._loader.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        """Run the module as its own loader does, which is the only one that anybody sees in it."""
        give_back(module, self._loader)
        self._loader.exec_module(module)
        self._watcher.saw_foreign(module)


class ImportWatcher:
    """Finds included modules before anyone else does, so that their code objects and functions are known.

    Another finder that is put in front of it later is asked by it, in its turn.
    """

    def __init__(
        self,
        included: Included,
        *,
        on_codes: Callable[[list[CodeType]], None],
        on_module: Callable[[ModuleType], None],
        on_fault: Callable[[BaseException], None],
        compiler: Compiler | None = None,
        path_only: bool = False,
    ) -> None:
        """`compiler` makes the code of an included module; without one, Python's own import does. With `path_only`,
        modules are looked for on the path alone: the finder of an editable installation names one tree only, and a
        replay may be of another."""
        self.compiler = compiler
        self._path_only = path_only
        self._included = included
        self._on_codes = on_codes
        self._on_module = on_module
        self._on_fault = on_fault

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        """The spec that the interpreter's own finders give, with a loader that reports the module's code."""
        self._come_first()
        if not self._included.covers(fullname):
            return None
        spec = self._search(fullname, path, target)
        if spec is not None:
            self._watch(spec)
        return spec

    def _come_first(self) -> None:
        """Stand before finders that were put in front since; who iterates over the finders just now misses none."""
        if sys.meta_path[0] is not self and self in sys.meta_path:
            sys.meta_path.remove(self)
            sys.meta_path.insert(0, self)

    def _watch(self, spec: ModuleSpec) -> None:
        found: Any = spec.loader
        if type(found) is importlib.machinery.SourceFileLoader:
            loader = _Loader(found.name, found.path)
            loader.watcher = self
            spec.loader = loader
        elif (spec.origin or "").endswith(".py") and hasattr(found, "exec_module") and not is_test(spec.name):
            spec.loader = _WatchedLoader(found, self)  # type: ignore[assignment]  # it is asked for no more than that

    def _search(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> Any:
        """What the first other finder says, of those that do not ask all finders again."""
        finders = [
            finder
            for finder in sys.meta_path
            if finder is importlib.machinery.PathFinder
            or not (self._path_only or isinstance(finder, (ImportWatcher, HookFinder)))
        ]
        return found_by(finders, fullname, path, target)

    def install(self) -> Undo:
        """Look at imports from now on, and at included modules that are loaded already."""
        sys.meta_path.insert(0, self)
        for name, module in list(sys.modules.items()):
            if self._included.covers(name) and not self._is_alias(name, module):
                file = text(namespace_of_module(module).get("__file__"))
                if file:
                    self._saw_loaded(name, file, module)

        def undo() -> None:
            if self in sys.meta_path:
                sys.meta_path.remove(self)

        return undo

    def _is_alias(self, name: str, module: ModuleType) -> bool:
        """Whether a module stands in `sys.modules` under its own, included name as well."""
        known_as = text(namespace_of_module(module).get("__name__")) or name
        return known_as != name and self._included.covers(known_as) and sys.modules.get(known_as) is module

    def _saw_loaded(self, name: str, file: str, module: ModuleType) -> None:
        """A module that was imported before the recorder started: its functions lead to its code.

        They are looked at raw: to ask a lazy object for an attribute would evaluate it.
        """
        self._included.add(file, name)
        codes: dict[int, CodeType] = {}
        for value in list(namespace_of_module(module).values()):
            for holder in (value, *(type_dict(value).values() if is_instance(value, type) else ())):
                code = code_of(holder)
                if code is not None and code.co_filename == file:
                    codes.update({id(one): one for one in (code, *nested_codes(code))})
        self._on_codes(list(codes.values()))
        self.saw_module(module)

    def saw_code(self, code: CodeType, module: str) -> None:
        """Called by the loader."""
        try:
            self._included.add(code.co_filename, module)
            self._on_codes(list(nested_codes(code)))
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)

    def saw_foreign(self, module: ModuleType) -> None:
        """Called after a loader of somebody else's ran the module: what it made of the source is known by functions."""
        try:
            was_imported(module)
            self._saw_loaded(module.__name__, str(module.__file__), module)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)

    def saw_import(self, module: ModuleType) -> None:
        """Called by the loader, after the module ran."""
        try:
            was_imported(module)  # the finder of the hooks stands behind this one
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)
        self.saw_module(module)

    def saw_module(self, module: ModuleType) -> None:
        """A module is there."""
        try:
            self._on_module(module)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)
