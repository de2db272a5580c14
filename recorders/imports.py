"""Hooks that are called when a module was imported (PEP 369's idea), and the finder that sees to it.

The finder says nothing of modules that nobody waits for. Of one that somebody does, the other finders are asked, and
its loader is replaced for that one import by one that calls the hooks when the module has run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeAlias

Hook: TypeAlias = Callable[[ModuleType], None]

_waiting: dict[str, list[Hook]] = {}
"""By the name of the module."""


def when_imported(name: str, hook: Hook) -> Callable[[], None]:
    """Call a hook with the module `name`: now, where it is loaded already, else right after it ran. What the hook
    raises comes out of the import. The answer takes back what still waits."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    hooks = _waiting.setdefault(name, [])
    hooks.append(hook)

    def forget() -> None:
        if hook in hooks:
            hooks.remove(hook)

    # Looked for after the hook is there, so that an import which ends in another thread just now is not missed.
    module = sys.modules.get(name)
    if module is not None and hook in hooks:
        forget()
        hook(module)
    return forget


def was_imported(module: ModuleType) -> None:
    """Call the hooks that wait for a module; for loaders that stand before the finder's."""
    for hook in _waiting.pop(str(vars(module).get("__name__")), ()):
        hook(module)


def found_by(
    finders: Iterable[Any], fullname: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    """What the first finder says that knows a module."""
    for finder in finders:
        find = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
        if spec is not None:
            return spec
    return None


class HookFinder:
    """Finds modules that somebody waits for, as the finders behind it do."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """PEP 451."""
        if not _waiting.get(fullname):
            return None
        finders = list(sys.meta_path)
        spec = found_by(finders[finders.index(self) + 1 :], fullname, path, target) if self in finders else None
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _HookedLoader(spec.loader)  # type: ignore[assignment]  # it is asked for no more than that
        return spec


class _HookedLoader:
    """Stands before a loader for one import; whoever looks at the module, or asks for more, finds the loader itself."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """PEP 451."""
        create = getattr(self._loader, "create_module", None)
        module: ModuleType | None = create(spec) if create is not None else None
        return module

    def exec_module(self, module: ModuleType) -> None:
        """PEP 451; then the hooks are called."""
        give_back(module, self._loader)
        self._loader.exec_module(module)
        was_imported(module)


def give_back(module: ModuleType, loader: Any) -> None:
    """Let a module have its own loader, which is the only one that anybody sees in it."""
    module.__loader__ = loader
    if module.__spec__ is not None:
        module.__spec__.loader = loader


_FINDER = HookFinder()
