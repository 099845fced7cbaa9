"""Inside the jail: no new processes. A filter on system calls, since the limit on processes does not bind root."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
CLONE_THREAD, CLONE3 = 0x00010000, 435
# machine: its name for seccomp, clone, prlimit64 (allowed for oneself), what is refused: fork, vfork, execve, execveat,
# ptrace, process_vm_*; what would change the zygote: setpriority, sched_setparam, sched_setscheduler,
# sched_setaffinity, sched_setattr, ioprio_set; what would outlive the child: shmget, semget, msgget, mq_open, add_key,
# request_key, keyctl
MACHINES = {
    "x86_64": (
        0xC000003E, 56, 302, (57, 58, 59, 322, 101, 310, 311) + (141, 142, 144, 203, 314, 251)
        + (29, 64, 68, 240, 248, 249, 250),
    ),
    "aarch64": (
        0xC00000B7, 220, 261, (221, 281, 117, 270, 271) + (140, 118, 119, 122, 274, 30)
        + (194, 190, 186, 180, 217, 218, 219),
    ),
}  # fmt: skip


def forbid_processes() -> None:
    """From now on fork and exec fail with EPERM in this process; threads work. Raises OSError where it cannot be set."""
    if platform.machine() not in MACHINES:
        raise OSError(errno.ENOSYS, f"no filter for the machine {platform.machine()}")
    program = _program(*MACHINES[platform.machine()])
    code = ctypes.create_string_buffer(b"".join(program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, FILTER, header, 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "the filter on system calls could not be set")


def _program(architecture: int, clone: int, limits: int, refused: tuple[int, ...]) -> list[bytes]:
    """Each line: operation, jump if true, jump if false, value. Jumps count the instructions that are skipped."""
    no, unknown = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS  # a C library falls back from clone3 to clone
    checks = [step for number in refused for step in (_step(EQUAL, 0, 1, number), _step(RETURN, 0, 0, no))]
    return [
        _step(LOAD, 0, 0, ARCHITECTURE), _step(EQUAL, 1, 0, architecture), _step(RETURN, 0, 0, KILL),
        _step(LOAD, 0, 0, NUMBER), _step(AT_LEAST, 0, 1, 0x40000000), _step(RETURN, 0, 0, no),
        _step(EQUAL, 0, 1, CLONE3), _step(RETURN, 0, 0, unknown),
        *checks,
        _step(EQUAL, 0, 4, limits), _step(LOAD, 0, 0, FIRST_ARGUMENT), _step(EQUAL, 0, 1, 0),
        _step(RETURN, 0, 0, ALLOW), _step(RETURN, 0, 0, no),
        _step(EQUAL, 0, 3, clone), _step(LOAD, 0, 0, FIRST_ARGUMENT), _step(ANY_BIT, 1, 0, CLONE_THREAD),
        _step(RETURN, 0, 0, no), _step(RETURN, 0, 0, ALLOW),
    ]  # fmt: skip


def _step(operation: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("HBBI", operation, yes, no, value)
