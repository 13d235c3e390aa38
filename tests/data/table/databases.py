"""Databases for tests: files, and a PostgreSQL server of our own on a socket in a folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi
import duckdb

# Where Debian puts its binaries; elsewhere they are on the path.
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PASSWORD = "very secret"  # in an address it is written very%20secret


def binaries() -> Path | None:
    """Return the folder with ``initdb`` and ``postgres``, or None if there is none."""
    found = shutil.which("initdb")
    folders = [*SERVERS[::-1], *([] if found is None else [Path(found).parent])]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextlib.contextmanager
def server(commands: Path) -> Iterator[str]:
    """Start a server that asks ``reader`` for a password; yield the address of ``tester``."""
    # A socket's path must be short, and a server, which refuses to be root, must reach it.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    options: dict[str, Any] = {"cwd": folder, "text": True}
    if os.getuid() == 0:
        options |= {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres")
    folder.chmod(0o755)
    initdb = ["initdb", "-D", "data", "-U", "tester", "-A", "trust", "-N", "--no-locale"]
    line = ["postgres", "-D", "data", "-k", str(folder), "-h", "", "-F"]
    try:
        made = subprocess.run(
            [str(commands / initdb[0]), *initdb[1:], "-E", "UTF8"],
            capture_output=True,
            check=False,
            **options,
        )
        assert made.returncode == 0, made.stderr
        access = "local all reader scram-sha-256\nlocal all all trust\n"
        (folder / "data/pg_hba.conf").write_text(access)
        words = [str(commands / line[0]), *line[1:]]
        with subprocess.Popen(words, stderr=subprocess.PIPE, **options) as process:
            try:
                assert process.stderr is not None
                assert any("ready to accept connections" in text for text in process.stderr)
                yield f"postgresql://tester@/postgres?host={folder}"
            finally:
                process.terminate()
    finally:
        shutil.rmtree(folder)


def fill(url: str, statements: Sequence[str]) -> None:
    """Carry out statements that write."""
    path = url.partition(":///")[2]
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
    elif url.startswith("duckdb"):
        with contextlib.closing(duckdb.connect(path)) as duck:
            for statement in statements:
                duck.execute(statement)
    else:
        with (
            adbc_driver_postgresql.dbapi.connect(url) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
