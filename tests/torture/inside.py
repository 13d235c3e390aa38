"""Command lines carried out in this process, which is quicker than a process for each."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dltrain.cli.main import run


@dataclass(frozen=True)
class Said:
    """What a command line came to: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def misbehaved(self, codes: Sequence[int] = (0, 2)) -> str:
        """Say how this is no proper end of a command, or nothing if it is one."""
        if self.code not in codes:
            return f"exit code {self.code}: {self.err.strip()[-300:]}"
        for text in (self.out, self.err):
            if "Traceback" in text or "internal error" in text:
                return f"a traceback: {text.strip()[-300:]}"
            if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text):
                return f"a control character: {text[:300]!r}"
        lines = self.err.splitlines()
        if self.code and not lines:
            return f"exit code {self.code} without a word"
        known = "dltrain: error: " if self.code else ("dltrain: error: ", "note: ")
        strange = [line for line in lines if not line.startswith(known)]
        return f"a line of its own kind: {strange[0][:300]}" if strange else ""


def say(*words: str) -> Said:
    """Carry out a command line."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        code = run(words)
    texts = []
    for stream in streams:
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        texts.append(stream.buffer.getvalue().decode(errors="backslashreplace"))
    return Said(code, *texts)
