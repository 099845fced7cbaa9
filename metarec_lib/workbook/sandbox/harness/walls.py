"""Inside the jail: no new processes, no way to a network, no new namespaces. A filter on system calls, by their names."""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
CLONE_THREAD, CLONE_NEW = 0x00010000, 0x7E020000  # a thread; a namespace of any kind
X32 = 0x40000000  # numbers of another interface of x86-64
LATER = 463  # system calls that came after this list: unknown, as on an older kernel
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # machine: its name for seccomp

# Each name: its numbers on x86_64 and aarch64, None where the machine has none.
REFUSED = {
    # another process or program
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # a look into another process
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "move_pages": (279, 239), "migrate_pages": (256, 238),
    # what would change the zygote
    "setpriority": (141, 140), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    # what would outlive the child
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # other namespaces and mounts, where the bounds do not hold
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    # large parts of the kernel that no exercise needs
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "bpf": (321, 280),
    "userfaultfd": (323, 282), "perf_event_open": (298, 241), "fanotify_init": (300, 262),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "quotactl": (179, 60), "acct": (163, 89),
    "syslog": (103, 116), "personality": (135, 92), "modify_ldt": (154, None), "iopl": (172, None),
    "ioperm": (173, None), "kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273),
    "lookup_dcookie": (212, 18),
}  # fmt: skip
CLONE, CLONE3, LIMITS = (56, 220), 435, (302, 261)
SOCKETS = ((41, 198), (53, 199))  # socket, socketpair


def forbid() -> None:
    """From now on what is refused fails in this process, with EPERM; threads work. Raises OSError where that cannot be."""
    if platform.machine() not in MACHINES:
        raise OSError(errno.ENOSYS, f"no filter for the machine {platform.machine()}")
    steps = program(platform.machine())
    code = ctypes.create_string_buffer(b"".join(steps))
    header = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, FILTER, header, 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "the filter on system calls could not be set")


def program(machine: str) -> list[bytes]:
    """The filter of a machine. Each line: operation, jump if true, jump if false, value; jumps count what is skipped."""
    column = list(MACHINES).index(machine)
    no, unknown = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS  # a C library falls back from clone3 to clone
    numbers = [row[column] for row in REFUSED.values() if row[column] is not None]
    return [
        _step(LOAD, 0, 0, ARCHITECTURE), _step(EQUAL, 1, 0, MACHINES[machine]), _step(RETURN, 0, 0, KILL),
        _step(LOAD, 0, 0, NUMBER), _step(AT_LEAST, 0, 1, X32), _step(RETURN, 0, 0, no),
        _step(AT_LEAST, 0, 1, LATER), _step(RETURN, 0, 0, unknown),
        _step(EQUAL, 0, 1, CLONE3), _step(RETURN, 0, 0, unknown),
        *(step for number in numbers for step in (_step(EQUAL, 0, 1, number), _step(RETURN, 0, 0, no))),
        *(step for row in SOCKETS for step in _only_unix(row[column])),
        # limits of this process only
        _step(EQUAL, 0, 4, LIMITS[column]), _step(LOAD, 0, 0, FIRST_ARGUMENT), _step(EQUAL, 0, 1, 0),
        _step(RETURN, 0, 0, ALLOW), _step(RETURN, 0, 0, no),
        # a thread, in the namespaces of this process
        _step(EQUAL, 0, 5, CLONE[column]), _step(LOAD, 0, 0, FIRST_ARGUMENT), _step(ANY_BIT, 2, 0, CLONE_NEW),
        _step(ANY_BIT, 0, 1, CLONE_THREAD), _step(RETURN, 0, 0, ALLOW), _step(RETURN, 0, 0, no),
        _step(RETURN, 0, 0, ALLOW),
    ]  # fmt: skip


def _only_unix(number: int) -> list[bytes]:
    """A socket of any other family than AF_UNIX is refused: some, such as AF_VSOCK, reach beyond a network namespace."""
    return [
        _step(EQUAL, 0, 4, number), _step(LOAD, 0, 0, FIRST_ARGUMENT), _step(EQUAL, 0, 1, int(socket.AF_UNIX)),
        _step(RETURN, 0, 0, ALLOW), _step(RETURN, 0, 0, REFUSE | errno.EAFNOSUPPORT),
    ]  # fmt: skip


def _step(operation: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("HBBI", operation, yes, no, value)
