"""Builders of mocks of `unittest.mock`: real ones, set up as the recorded ones were."""

from __future__ import annotations

from typing import Any

from ....recorders.capture.adapters.mocks import CLASSES, DELETED
from ..disguise import disguise_of
from .protocol import TypeBuilder, exactly


def _mock(
    cls: Any,
    name: Any,
    spec: Any,
    methods: Any,
    returns: Any,
    effect: Any,
    below: Any,
    attributes: Any,
    calls: Any,
    order: Any,
) -> Any:
    """See `recorders.capture.adapters.mocks`. The library is the interpreter's own, and does nothing when it is
    imported; the class that a mock is specified by makes nothing."""
    from unittest import mock

    if cls not in CLASSES:
        raise LookupError(f"there is no mock of the class {cls!r}")
    made = getattr(mock, cls)(name=name, spec=None if methods is None else [exactly(str, one) for one in methods])
    held = vars(made)
    found = disguise_of(spec) if isinstance(spec, str) else None
    if found is not None:
        held["_spec_class"] = found
    for result in exactly(list, returns):
        made.return_value = result
    if effect is not None:
        made.side_effect = effect
    for child, value in exactly(dict, below).items():
        if type(value) is str and value == DELETED:
            delattr(made, exactly(str, child))
        else:
            setattr(made, exactly(str, child), value)
    held.update({exactly(str, one): value for one, value in exactly(dict, attributes).items()})
    _called(mock, held, exactly(list, calls), exactly(list, order))
    return made


def _called(mock: Any, held: dict[str, Any], calls: list[Any], order: list[Any]) -> None:
    """Say of a mock how it was called before."""
    made = [mock._Call((exactly(tuple, args), exactly(dict, kwargs)), two=True) for args, kwargs in calls]
    held["_mock_call_args_list"] = mock._CallList(made)
    held["_mock_mock_calls"] = mock._CallList([mock._Call((exactly(str, name), (), {})) for name in order])
    held["_mock_call_count"], held["_mock_called"] = len(made), bool(made)
    if made:
        held["_mock_call_args"] = made[-1]


BUILDERS: tuple[TypeBuilder, ...] = (TypeBuilder("mock", _mock),)
"""One a kind."""
