"""Filter of system calls: rules compiled to a BPF program, and put around this process for good.

The program is classic BPF over `struct seccomp_data` (seccomp(2), `Documentation/userspace-api/seccomp_filter.rst`).
It needs no privileges once the process has given up gaining any (`PR_SET_NO_NEW_PRIVS`), holds for root too, is
inherited by whatever is forked, and cannot be taken away.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from typing import TypeAlias

from .syscalls import NEWEST, REFUSED, Machine, Rule, Test, number_of

ARCHITECTURES: dict[str, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""`AUDIT_ARCH_*` of the machines that there are numbers for."""

Instruction: TypeAlias = tuple[int, int, int, int]
"""`struct sock_filter`: (code, jump if true, jump if false, constant)."""

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06  # BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_RET|K
_IF_EQUAL, _IF_AT_LEAST = 0x15, 0x35  # BPF_JMP|JEQ|K, BPF_JMP|JGE|K
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _ERRNO, _TRAP, _KILL = 0x7FFF0000, 0x00050000, 0x00030000, 0x80000000
_X32 = 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_SET_MODE_FILTER, _SPEC_ALLOW = 1, 4
_SECCOMP: dict[str, int] = {"x86_64": 317, "aarch64": 277}

_libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None


class Unavailable(Exception):
    """The kernel does not do what was asked; the message says what and why."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def program(rules: Iterable[Rule], machine: Machine, *, reporting: bool) -> list[Instruction]:
    """The program of some rules. With `reporting` a refused call raises `SIGSYS`, else it comes back with `EACCES`."""
    refused = _TRAP if reporting else _ERRNO | errno.EACCES
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),  # a call in the way of another architecture has other numbers
        (_LOAD, 0, 0, _NUMBER),
    ]
    for rule in rules:
        number = number_of(rule.call, machine)
        if number is not None:
            block = _block(rule, refused)
            code += [(_IF_EQUAL, 0, len(block), number), *block]
    code += [
        (_IF_AT_LEAST, 0, 1, NEWEST + 1),  # also those of x32, which begin at 0x40000000
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return code


def _block(rule: Rule, refused: int) -> list[Instruction]:
    """What is done for one call; it always ends in an answer."""
    code = [instruction for alternative in rule.allowed for instruction in _alternative(alternative)]
    return [*code, (_RETURN, 0, 0, refused if rule.answer == REFUSED else _ERRNO | rule.answer)]


def _alternative(tests: Iterable[Test]) -> list[Instruction]:
    """Allows when every test holds, and goes on behind itself when one does not."""
    several = list(tests)
    code: list[Instruction] = []
    for position, test in enumerate(several):
        end = 3 * (len(several) - position - 1) + 1
        word, upper = test.argument % 8, test.argument // 8
        jumps = (end, 0) if test.negated else (0, end)
        code.append((_LOAD, 0, 0, _ARGUMENTS + 8 * word + 4 * upper))
        code.append((_AND, 0, 0, test.mask))
        code.append((_IF_EQUAL, *jumps, test.value))
    return [*code, (_RETURN, 0, 0, _ALLOW)]


def give_up_privileges() -> None:
    """From here on nothing that this process runs gains privileges; raises `Unavailable`."""
    if _libc is None or _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise Unavailable("PR_SET_NO_NEW_PRIVS is refused")


def packed(instructions: Iterable[Instruction]) -> bytes:
    """The program as the kernel takes it: an array of `struct sock_filter`."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def install(packed: bytes, machine: Machine) -> None:
    """Put a program around this thread and everything it starts; raises `Unavailable`.

    `give_up_privileges` comes first.
    """
    held = ctypes.create_string_buffer(packed, len(packed))
    given = _Program(len(packed) // 8, ctypes.cast(held, ctypes.c_void_p))
    assert _libc is not None
    # Without SPEC_ALLOW older kernels slow every branch of a filtered process down.
    if _libc.syscall(_SECCOMP[machine], _SET_MODE_FILTER, _SPEC_ALLOW, ctypes.byref(given)) == 0:
        return
    if _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(given), 0, 0) != 0:
        raise Unavailable(f"the kernel takes no seccomp filter ({os.strerror(ctypes.get_errno())})")
