"""The parts of full names."""

from __future__ import annotations

import pytest

from pytest_runtime.recorders.model.full_names import last_part, module_part, qualname_part, split_name


@pytest.mark.parametrize(
    ("name", "split", "module", "qualname", "last"),
    [
        ("shop.cart:Cart.total", ("shop.cart", "Cart.total"), "shop.cart", "Cart.total", "total"),
        ("shop:f.<locals>.<lambda>", ("shop", "f.<locals>.<lambda>"), "shop", "f.<locals>.<lambda>", "<lambda>"),
        ("shop:run", ("shop", "run"), "shop", "run", "run"),
        ("shop.cart", ("shop.cart", ""), "shop.cart", "shop.cart", "cart"),
        ("", ("", ""), "", "", ""),
    ],
)
def test_parts(name: str, split: tuple[str, str], module: str, qualname: str, last: str) -> None:
    """Each part of a name, and of what is none."""
    assert split_name(name) == split
    assert (module_part(name), qualname_part(name), last_part(name)) == (module, qualname, last)
