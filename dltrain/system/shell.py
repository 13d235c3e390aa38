"""Commands as one types them: words quoted for the grammar of overrides and for the shell."""

from __future__ import annotations

import glob
import os
import re
import shlex
from pathlib import Path
from typing import Any

from dltrain.system.database_urls import database_file
from dltrain.system.paths import PACKAGED, in_brackets

# Where runs go unless output_dir says otherwise.
OUTPUTS = "outputs"
# Text that the grammar of overrides takes as it stands; all else is put between quotes.
_AS_IT_STANDS = re.compile(r"[A-Za-z0-9_./@%+-]+(?: +[A-Za-z0-9_./@%+-]+)*", re.ASCII)
_NULL = "null"


def command(*words: str) -> str:
    """Write a command of dltrain's, to be pasted into a shell.

    Example:
        >>> command("predict", "k3f9", "--data", "my rows.csv")
        "dltrain predict k3f9 --data 'my rows.csv'"
    """
    return shlex.join(["dltrain", *words])


def as_value(value: Any) -> str:
    r"""Write a value as it stands behind ``key=``, all digits of it, so that it is read back.

    Example:
        >>> as_value(0.1), as_value([64, 32]), as_value("it's, here"), as_value(None)
        ('0.1', '[64,32]', "'it\\'s, here'", 'null')
    """
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, list | tuple):
        return f"[{','.join(map(as_value, value))}]"
    text = str(value)
    if not isinstance(value, str) or (_AS_IT_STANDS.fullmatch(text) and text.lower() != _NULL):
        return text
    # A backslash means something only before a quote, and at the end, where a quote follows.
    inner = re.sub(r"(\\*)'", r"\1\1\\'", text)
    inner = re.sub(r"(\\+)$", r"\1\1", inner)
    return f"'{inner}'"


def setting(key: str, value: Any) -> str:
    """Write a setting to paste into a shell; text that is the whole value needs no other quotes.

    Example:
        >>> print(setting("data.drop", ["a b", "c,d"]), setting("data.decimal", ","))
        "data.drop=[a b,'c,d']" data.decimal=,
    """
    word = f"{key}={value if isinstance(value, str) else as_value(value)}"
    quoted = shlex.quote(word)
    return f'"{word}"' if "'" in word and not set(word) & set('"$`\\!') else quoted


def shortest(path: Path | str) -> str:
    """Write a path from where one stands: relative if it lies below, else absolute."""
    absolute = os.path.abspath(path)
    relative = os.path.relpath(absolute)
    return absolute if relative.split(os.sep)[0] == os.pardir else relative


def below(folder: Path | str) -> list[str]:
    """Return the words that say which folder holds the runs; none for the usual one."""
    if os.path.abspath(folder) == os.path.abspath(OUTPUTS):
        return []
    return [f"output_dir={as_value(shortest(folder))}"]


def located(text: str, cwd: str | None) -> str:
    """Write a path that was typed in another folder so that it leads to the same from here.

    Returns:
        The text itself, unless what it meant is still there and it means something else from here.
    """
    inner = in_brackets(text)
    if inner is not None and not os.path.exists(text):
        return f"[{','.join(located(part, cwd) for part in inner)}]"
    if database_file(text) is not None:
        scheme, mark, file = text.partition(":///")
        return f"{scheme}{mark}{located(file, cwd)}"
    path = os.path.expanduser(text)
    if cwd is None or text.startswith(PACKAGED) or os.path.isabs(path):
        return text
    meant = os.path.normpath(os.path.join(cwd, path))
    is_there = os.path.exists(meant) or (glob.has_magic(meant) and glob.glob(meant))
    if meant == os.path.abspath(path) or not is_there:
        return text
    return shortest(meant)
