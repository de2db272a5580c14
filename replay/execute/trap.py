"""Signal of refused system calls (`SIGSYS`): the call fails with `EACCES`, and a function is called.

Python's own handler only notes that a signal came; it leaves the registers as they are, and then the C code that made
the call would take the number of the call for its result. So a few instructions stand in front of it: they put
`-EACCES` where the result goes (seccomp(2), `SECCOMP_RET_TRAP`), keep the number of the call, and go on into Python's
handler. The function runs as every Python handler does: in the main thread, once its C code has returned.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import struct
from collections.abc import Callable
from types import FrameType

from .seccomp import Unavailable
from .syscalls import Machine, name_of

Refused = Callable[[str, FrameType | None], None]
"""Called with the name of the system call, and where the main thread is."""

_SA_SIGINFO = 4
_MAP_FAILED = ctypes.c_void_p(-1).value


class _Action(ctypes.Structure):
    """`struct sigaction` of glibc and musl, on both machines."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ubyte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


_number = ctypes.c_int(-1)
"""Number of the last call that was refused in this process."""


def install(machine: Machine, refused: Refused) -> None:
    """From here on `refused` is called for each refused system call; raises `Unavailable`. In the main thread only."""

    def handle(_signal: int, frame: FrameType | None) -> None:
        refused(name_of(_number.value, machine), frame)

    signal.signal(signal.SIGSYS, handle)
    libc = ctypes.CDLL(None, use_errno=True)
    action = _Action()
    libc.sigaction(signal.SIGSYS, None, ctypes.byref(action))
    address = _executable(trampoline(machine, ctypes.addressof(_number), action.handler or 0))
    action.handler = address
    action.flags |= _SA_SIGINFO
    if libc.sigaction(signal.SIGSYS, ctypes.byref(action), None) != 0:
        raise Unavailable("no handler for SIGSYS can be set")


def trampoline(machine: Machine, number: int, handler: int) -> bytes:
    """The instructions; `number` is the address that the number of the call is kept at, `handler` Python's handler.

    Offsets: `si_syscall` is at 24 in `siginfo_t`; the register of the result at 144 (rax) and 184 (x0) in
    `ucontext_t`, as the kernel's `asm/ucontext.h` and `asm/sigcontext.h` lay it out.
    """
    if machine == "x86_64":
        return b"".join(
            (
                b"\xf3\x0f\x1e\xfa",  # endbr64
                b"\x8b\x46\x18",  # mov eax, [rsi + 24]
                b"\x48\xb9" + struct.pack("<Q", number),  # mov rcx, number
                b"\x89\x01",  # mov [rcx], eax
                b"\x48\xc7\x82" + struct.pack("<ii", 144, -errno.EACCES),  # mov qword [rdx + 144], -EACCES
                b"\x48\xb8" + struct.pack("<Q", handler),  # mov rax, handler
                b"\xff\xe0",  # jmp rax
            )
        )
    instructions = (
        0xD503245F,  # bti c
        0xB9401823,  # ldr w3, [x1, #24]
        0x580000C4,  # ldr x4, number (24 bytes on)
        0xB9000083,  # str w3, [x4]
        0x92800000 | (errno.EACCES - 1) << 5 | 3,  # mov x3, #-EACCES
        0xF9005C43,  # str x3, [x2, #184]
        0x58000083,  # ldr x3, handler (16 bytes on)
        0xD61F0060,  # br x3
    )
    return struct.pack("<8I", *instructions) + struct.pack("<QQ", number, handler)


def _executable(code: bytes) -> int:
    """The address of code; it lies in a file, so that no page is ever writable and executable."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
    descriptor = os.memfd_create("pytest-runtime")
    try:
        os.write(descriptor, code)
        address = libc.mmap(None, len(code), mmap.PROT_READ | mmap.PROT_EXEC, mmap.MAP_PRIVATE, descriptor, 0)
    finally:
        os.close(descriptor)
    if address in (None, _MAP_FAILED):
        raise Unavailable(f"no executable page can be mapped ({os.strerror(ctypes.get_errno())})")
    return int(address)
