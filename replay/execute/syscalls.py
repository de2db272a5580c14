"""System calls that code under test may not make: their numbers, and on which arguments the answer depends.

Numbers are those of the kernel's `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`
(aarch64). Everything that is not named here is allowed, except calls newer than `NEWEST`, which no one has looked at.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

Machine: TypeAlias = Literal["x86_64", "aarch64"]
"""As `os.uname().machine` has it."""

NEWEST = 462
"""The highest number that this table knows (`mseal`, Linux 6.10); since 424 numbers are the same everywhere."""

REFUSED = -1
"""Answer of a rule: refused, and where a program reports, reported by `SIGSYS`, so that the line can be named."""
DONE = 0
"""Answer of a rule: said to be done, and not done."""
QUIET = errno.EACCES
"""Answer of a rule: refused and not reported, because libc makes the call with every signal blocked, and a signal
that is forced on a process that blocks it ends the process (`posix_spawn`)."""
ABSENT = errno.ENOSYS
"""Answer of a rule: as if the kernel did not have it, which makes libraries take the older call."""

_SOCK_STREAM, _SOCK_TYPE_MASK = 1, 0xF
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_MSG_FASTOPEN = 0x20000000
_CLONE_VM, _CLONE_THREAD = 0x100, 0x10000
_CLONE_ESCAPING = 0x7E020000 | 0x8000 | 0x2000 | 0x800000  # CLONE_NEW*, _PARENT, _PTRACE, _UNTRACED
_S_IFMT, _S_IFREG = 0o170000, 0o100000
_ALL = 0xFFFFFFFF
_NEGATIVE = 0x80000000
_IOCTLS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: they change nothing but the descriptor."""
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15


class Test(NamedTuple):
    """What an argument must be: `argument & mask` is `value`, or with `negated` is not."""

    argument: int
    """0 to 5; plus 8 for the upper half of its 64 bits."""
    mask: int
    value: int
    negated: bool = False


class Rule(NamedTuple):
    """When a call is allowed, and what answers it otherwise."""

    call: str
    answer: int = REFUSED
    allowed: tuple[tuple[Test, ...], ...] = ()
    """Alternatives; in each all tests hold."""


def number_of(call: str, machine: Machine) -> int | None:
    """The number of a system call, `None` where the machine does not have it."""
    return _NUMBERS[call][0 if machine == "x86_64" else 1]


def name_of(number: int, machine: Machine) -> str:
    """The call of a number, as people write it."""
    position = 0 if machine == "x86_64" else 1
    return next((call for call, numbers in _NUMBERS.items() if numbers[position] == number), f"system call {number}")


def rules(*, own_process: int, forking: bool, truncating: bool) -> Iterator[Rule]:
    """The rules of a process.

    It may fork, and send signals to what it forked, with `forking`. `truncating` says that files are kept from being
    truncated by other means.
    """
    yield from _network()
    yield from _processes(own_process, forking=forking)
    for call in _METADATA:
        yield Rule(call, DONE)
    for call in _REFUSED_ALWAYS:
        yield Rule(call)
    for call in ("io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd"):
        yield Rule(call, ABSENT)
    if not truncating:
        yield Rule("truncate")
    regular = (Test(1, _S_IFMT, _S_IFREG),), (Test(1, _S_IFMT, 0),)
    yield Rule("mknod", allowed=regular)
    yield Rule("mknodat", allowed=tuple((test._replace(argument=2),) for (test,) in regular))
    yield Rule("ioctl", errno.ENOTTY, tuple((Test(1, _ALL, number),) for number in _IOCTLS))
    owners = (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX)
    yield Rule("fcntl", allowed=(tuple(Test(1, _ALL, number, negated=True) for number in owners),))


def _network() -> Iterator[Rule]:
    """A stream socket may be made and not connected; a pair of them is a pipe. Datagrams name their target in memory
    that a filter cannot see, so there are none."""
    stream = Test(1, _SOCK_TYPE_MASK, _SOCK_STREAM)
    yield Rule("socket", allowed=((Test(0, _ALL, _AF_INET), stream), (Test(0, _ALL, _AF_INET6), stream)))
    yield Rule("socketpair", allowed=((Test(0, _ALL, _AF_UNIX), stream),))
    for call in ("connect", "bind", "listen", "accept", "accept4"):
        yield Rule(call)
    nowhere = Test(4, _ALL, 0), Test(4 + 8, _ALL, 0)
    yield Rule("sendto", allowed=((*nowhere, Test(3, _MSG_FASTOPEN, 0)),))
    yield Rule("sendmsg", allowed=((Test(2, _MSG_FASTOPEN, 0),),))
    yield Rule("sendmmsg", allowed=((Test(3, _MSG_FASTOPEN, 0),),))


def _processes(own: int, *, forking: bool) -> Iterator[Rule]:
    thread = (Test(0, _CLONE_THREAD, _CLONE_THREAD),)
    copy = (Test(0, _CLONE_VM | _CLONE_ESCAPING, 0),)
    yield Rule("clone", QUIET, (thread, copy) if forking else (thread,))
    yield Rule("clone3", ABSENT)  # its flags are in memory that a filter cannot see; libc falls back to clone
    yield Rule("fork", QUIET, ((),) if forking else ())
    for call in ("vfork", "execve", "execveat"):
        yield Rule(call, QUIET)
    one = (Test(0, _NEGATIVE, 0), Test(0, _ALL, 0, negated=True)) if forking else (Test(0, _ALL, own),)
    yield Rule("kill", allowed=(one,))
    yield Rule("tgkill", allowed=(one,))
    itself, self_or_own = (Test(0, _ALL, 0),), ((Test(0, _ALL, 0),), (Test(0, _ALL, own),))
    yield Rule("setpriority", allowed=tuple((Test(0, _ALL, 0), *one) for one in ((Test(1, _ALL, 0),),)))
    yield Rule("ioprio_set", allowed=((Test(0, _ALL, 1), Test(1, _ALL, 0)),))
    for call in ("sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"):
        yield Rule(call, allowed=(itself,))
    yield Rule("prlimit64", allowed=self_or_own)


_METADATA = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat"),
    *("utime", "utimes", "futimesat", "utimensat"),
)
"""Landlock does not know of them. Copying a file within the scratch copy uses them, so they are said to be done."""

_REFUSED_ALWAYS = (
    *("setsid", "setpgid", "unshare", "setns"),
    *("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "pidfd_getfd"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp"),
    *("migrate_pages", "move_pages"),
    *("chroot", "pivot_root", "mount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount"),
    *("fspick", "mount_setattr", "open_by_handle_at", "fanotify_init", "fanotify_mark", "quotactl", "quotactl_fd"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semctl", "semtimedop"),
    *("mq_open", "mq_unlink", "mq_notify", "bpf", "perf_event_open", "keyctl", "add_key", "request_key"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff"),
    *("sethostname", "setdomainname", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "acct", "syslog"),
    *("vhangup", "iopl", "ioperm", "uselib"),
)

_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "accept": (43, 202),
    "accept4": (288, 242),
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bind": (49, 200),
    "bpf": (321, 280),
    "chmod": (90, None),
    "chown": (92, None),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "connect": (42, 203),
    "delete_module": (176, 106),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "fcntl": (72, 25),
    "finit_module": (313, 273),
    "fork": (57, None),
    "fremovexattr": (199, 16),
    "fsconfig": (431, 431),
    "fsetxattr": (190, 7),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "futimesat": (261, None),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "kill": (62, 129),
    "lchown": (94, None),
    "listen": (50, 201),
    "lremovexattr": (198, 15),
    "lsetxattr": (189, 6),
    "migrate_pages": (256, 238),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "mq_notify": (244, 184),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "msgctl": (71, 187),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "prlimit64": (302, 261),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "removexattr": (197, 14),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "semctl": (66, 191),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "sendmmsg": (307, 269),
    "sendmsg": (46, 211),
    "sendto": (44, 206),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "setpgid": (109, 154),
    "setpriority": (141, 140),
    "setsid": (112, 157),
    "settimeofday": (164, 170),
    "setxattr": (188, 5),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "truncate": (76, 45),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "utime": (132, None),
    "utimensat": (280, 88),
    "utimes": (235, None),
    "vfork": (58, None),
    "vhangup": (153, 58),
}
"""Call → (number on x86_64, number on aarch64)."""
