"""Asks the server of ``tests.torture.forks`` to carry out a command; as a program, for shells.

    python -IS tests/torture/client.py SOCKET [WORD ...]

is ``dltrain [WORD ...]`` without the time that importing torch takes; it imports little itself.
"""

import contextlib
import marshal
import os
import signal
import socket
import struct
import sys
from types import FrameType

STREAMS = (0, 1, 2)
NOTHING = b"c__builtin__\nint\n."  # int, pickled
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)


def ask(
    place: str, words: list[str], folder: str, streams: list[int], first: bytes = NOTHING
) -> socket.socket:
    """Have a command carried out; its process's number will be told, and then how it ended.

    Args:
        place: Of the server's socket.
        words: After ``dltrain``.
        folder: Where to stand.
        streams: Descriptors for its standard streams; -1: that one is closed.
        first: What to call first, pickled.
    """
    numbers = [number for number in STREAMS if streams[number] >= 0]
    content = marshal.dumps((words, folder, dict(os.environ), first, numbers))
    server = socket.socket(socket.AF_UNIX)
    server.connect(place)
    size = struct.pack("i", len(content))
    socket.send_fds(server, [size], [streams[number] for number in numbers])
    server.sendall(content)
    return server


def heard(asked: socket.socket) -> tuple[bytes, list[int]]:
    """Return what a server was asked, and the descriptors that came with it."""
    size, descriptors, _, _ = socket.recv_fds(asked, struct.calcsize("i"), len(STREAMS))
    [length] = struct.unpack("i", size)
    return asked.recv(length, socket.MSG_WAITALL), descriptors


def number(server: socket.socket) -> int:
    """Read a number that the server tells."""
    told = server.recv(struct.calcsize("i"), socket.MSG_WAITALL)
    return int(struct.unpack("i", told)[0])


def _is_open(stream: int) -> bool:
    try:
        os.fstat(stream)
    except OSError:
        return False
    return True


def _main() -> None:
    streams = [stream if _is_open(stream) else -1 for stream in STREAMS]
    server = ask(sys.argv[1], sys.argv[2:], os.getcwd(), streams)
    pid = number(server)

    def pass_on(received: int, _: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, received)

    for each in SIGNALS:
        signal.signal(each, pass_on)
    for stream in STREAMS:  # whoever reads it is to see when the command lets go of it
        if streams[stream] >= 0:
            os.close(stream)
    code = os.waitstatus_to_exitcode(number(server))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    _main()
