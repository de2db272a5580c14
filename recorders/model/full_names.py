"""Full names of functions and classes, `module:qualname`, and their parts; the qualified name is that of PEP 3155."""

from __future__ import annotations

__all__ = ["last_part", "module_part", "qualname_part", "split_name"]


def split_name(name: str) -> tuple[str, str]:
    """(module, qualified name); the qualified name is empty where the name has no colon."""
    module, _, qualname = name.partition(":")
    return module, qualname


def module_part(name: str) -> str:
    """The module; the whole name where it has no colon."""
    return name.partition(":")[0]


def qualname_part(name: str) -> str:
    """The qualified name; the whole name where it has no colon."""
    return name.rpartition(":")[2]


def last_part(name: str) -> str:
    """What a function or class is called where it is defined: `total` of `shop.cart:Cart.total`."""
    return name.rpartition(":")[2].rpartition(".")[2]
