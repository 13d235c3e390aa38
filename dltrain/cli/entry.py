"""Where a command begins: it hears signals before anything else of it is imported.

Python itself would answer a Ctrl-C that comes while modules are imported with a traceback. So what
is imported here is little, and loaded already or small.
"""

import os
import select
import signal

# As in ``dltrain.system.signals``, which imports more.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


def main() -> None:
    """Hear signals, import the command line and carry it out."""
    hear(leave)
    import importlib

    importlib.import_module("dltrain.cli.main").main()


def hear(handler: "signal._HANDLER") -> None:
    """Let signals that ask a command to end reach a handler, but for those that are ignored."""
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def leave(number: int, frame: object) -> None:
    """End the process at once, with one line; nobody unwinds, so nothing may be half written."""
    try:
        for stream in (1, 2):
            if os.isatty(stream) and os.environ.get("TERM", "dumb") != "dumb":
                os.write(stream, b"\r\x1b[2K\x1b[?25h")  # a spinner may have hidden the cursor
        if select.select([], [2], [], 0)[1]:  # nobody who wants to end this waits for a reader
            os.write(2, b"dltrain: error: interrupted\n")
    finally:
        os._exit(128 + number)
