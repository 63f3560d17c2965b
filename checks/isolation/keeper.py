"""Builds the walls and runs one command behind them; started as `python -I -S keeper.py CONTROL PLAN` by walls.py.

PLAN is a file: marshalled command, environment, ports, paths to hide. On the socket CONTROL the keeper says `unshared`,
waits until its user ids are mapped, says `listening` and hands over a listening socket for each port, says `running`; or
`failed STEP ERRNO`. When CONTROL closes, or when the keeper dies, everything behind the walls dies. The keeper ends as
the command ended, when nothing of it is left.

    keeper          in the new user, mount, network and IPC namespaces, but among the processes of the machine
    └── init        process 1 of the new process namespace: gathers orphans; its end is the end of all of them
        └── command
Sources: user_namespaces(7), pid_namespaces(7), mount_namespaces(7), capabilities(7).
"""

import _socket
import array
import ctypes
import marshal
import os
import select
import struct
import sys
from collections.abc import Iterable

NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000
"""CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC."""
BIND, RECURSIVE, PRIVATE, NO_SUID, NO_DEV, NO_EXEC = 0x1000, 0x4000, 0x40000, 0x2, 0x4, 0x8
DIE_WITH_PARENT, DUMPABLE, DROP_BOUND = 1, 4, 24
"""Of prctl: PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP."""
KILL = 9
SYS_PTRACE, SYS_ADMIN = 19, 21
"""The capabilities with which the walls could be taken down again."""
CAPABILITY_VERSION = 0x20080522
UP = 0x1
IGNORED_BY_PYTHON = (13, 25)
"""SIGPIPE, SIGXFSZ."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
DEVICE_FOLDERS = ("shm",)
LINKS = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
         "stderr": "/proc/self/fd/2"}

libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A step of the building that the system refused."""

    def __init__(self, step: str, number: int | None = None) -> None:
        super().__init__(f"{step} {ctypes.get_errno() if number is None else number}")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2).

    Raises:
        Failed: the system says no.
    """
    if libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode()):
        raise Failed("mount")


def listen(ports: Iterable[int]) -> list[_socket.socket]:
    """Brings the new network's loopback up, and listens there on 127.0.0.1."""
    import fcntl

    found = []
    with_it = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    fcntl.ioctl(with_it.fileno(), 0x8914, struct.pack("16sh14x", b"lo", UP))  # SIOCSIFFLAGS
    with_it.close()
    for port in ports:
        one = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        one.bind(("127.0.0.1", port))
        one.listen(64)
        found.append(one)
    return found


def plain_devices() -> None:
    """A /dev of the harmless devices only: no disk, no bus, no log."""
    kept = [name for name in (*DEVICES, *DEVICE_FOLDERS) if os.path.exists(f"/dev/{name}")]
    held = {name: os.open(f"/dev/{name}", os.O_PATH) for name in kept}
    mount("tmpfs", "/dev", "tmpfs", NO_SUID | NO_EXEC, "mode=755,size=64k")
    for name, source in held.items():
        place = f"/dev/{name}"
        if name in DEVICE_FOLDERS:
            os.mkdir(place)
        else:
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
        mount(f"/proc/self/fd/{source}", place, flags=BIND | RECURSIVE)
        os.close(source)
    for name, goal in LINKS.items():
        os.symlink(goal, f"/dev/{name}")
    os.mkdir("/dev/pts")
    mount("devpts", "/dev/pts", "devpts", NO_SUID | NO_EXEC, "newinstance,ptmxmode=0666,mode=620")


def hide(paths: Iterable[str]) -> None:
    """Puts an empty folder over every folder, and nothing at all over everything else."""
    for path in paths:
        try:
            if os.path.isdir(path):
                mount("tmpfs", path, "tmpfs", NO_SUID | NO_DEV, "mode=700,size=1m")
            elif os.path.exists(path):
                mount("/dev/null", path, flags=BIND)
        except Failed:
            if os.path.exists(path):
                raise


def shed() -> None:
    """Gives up what could take the walls down again: from here on nobody behind them can."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()
    """Effective, permitted, inheritable of capabilities 0 to 31, then of the others."""
    if libc.capget(header, sets):
        raise Failed("capget")
    for capability in (SYS_PTRACE, SYS_ADMIN):
        if libc.prctl(DROP_BOUND, capability, 0, 0, 0):
            raise Failed("prctl")
        for at in range(3):
            sets[at] &= ~(1 << capability)
    if libc.capset(header, sets):
        raise Failed("capset")


def execute(arguments: list[str], environment: dict[bytes, bytes]) -> None:
    """Becomes the command.

    Raises:
        Failed: there is none, or it is not executable.
    """
    os.setsid()
    for number in IGNORED_BY_PYTHON:
        libc.signal(number, 0)
    try:
        os.execvpe(arguments[0], arguments, environment)
    except OSError as error:
        raise Failed("exec", error.errno) from None


def init(arguments: list[str], environment: dict[bytes, bytes], keeper: int, told: int, ended: int) -> None:
    """Process 1: runs the command, gathers what others leave behind, and goes when the command has ended.

    Args:
        arguments: the command.
        environment: its whole environment.
        keeper: a pipe that closes when the keeper dies.
        told: takes what failed before the command ran.
        ended: takes the command's wait status.
    """
    libc.prctl(DIE_WITH_PARENT, KILL, 0, 0, 0)
    if select.select([keeper], [], [], 0)[0]:
        return
    try:
        try:
            mount("proc", "/proc", "proc", NO_SUID | NO_DEV | NO_EXEC)
        except Failed:
            """Some containers allow none; the old one shows names of processes that cannot be reached."""
        shed()
        command = os.fork()
        if command == 0:
            execute(arguments, environment)
    except Failed as failed:
        os.write(told, str(failed).encode())
        return
    os.close(told)
    while True:
        process, status = os.wait()
        if process == command:
            os.write(ended, struct.pack("i", status))
            return


def send(control: _socket.socket, word: str, sockets: Iterable[_socket.socket] = ()) -> None:
    """Says a word to the harness, and hands sockets over."""
    numbers = array.array("i", [one.fileno() for one in sockets])
    control.sendmsg([word.encode()], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)] if numbers else [])


def build(control: _socket.socket, ports: list[int], hidden: list[str]) -> None:
    """Everything but the process namespace, which the next child begins.

    Raises:
        Failed: the system refuses a step.
    """
    if libc.unshare(NEW_NAMESPACES):
        raise Failed("unshare")
    send(control, "unshared")
    if not control.recv(100):
        os._exit(1)
    try:
        mount("none", "/", flags=RECURSIVE | PRIVATE)
        listeners = listen(ports)
        plain_devices()
        hide(hidden)
    except OSError as error:
        raise Failed("build", error.errno) from None
    try:
        os.chdir(os.getcwd())
    except OSError:
        os.chdir("/")  # what was the folder is hidden now
    send(control, "listening", listeners)
    for one in listeners:
        one.close()


def main(descriptor: int, plan: int) -> None:
    """Builds, runs, waits; ends as the command ended."""
    control = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, descriptor)
    os.set_inheritable(descriptor, False)
    with open(plan, "rb") as file:
        arguments, environment, ports, hidden = marshal.load(file)
    try:
        build(control, ports, hidden)
    except Failed as failed:
        return send(control, f"failed {failed}")
    alive, mine = os.pipe()
    telling, told = os.pipe()
    ending, ended = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(mine)
        init(arguments, environment, alive, told, ended)
        os._exit(0)
    os.close(told)
    os.close(ended)
    shed()
    why = os.read(telling, 1000).decode()
    send(control, f"failed {why}" if why else "running")
    select.select([control.fileno(), ending], [], [])
    status = os.read(ending, 4) if select.select([ending], [], [], 0)[0] else b""
    if not status:
        os.kill(first, KILL)
    os.waitpid(first, 0)
    return end_as(struct.unpack("i", status)[0] if status else KILL)


def end_as(status: int) -> None:
    """Ends this process in the way that a wait status tells of."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number:
        libc.prctl(DUMPABLE, 0, 0, 0, 0)
        libc.signal(number, 0)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
