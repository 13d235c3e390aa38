"""Addresses of databases: which are known, and what of them no record may keep."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dltrain.system.paths import expanded, problem_with

SERVER = "postgresql"
FILES = ("sqlite", "duckdb")
FORMS = "sqlite:///FILE, duckdb:///FILE or postgresql://USER@HOST/DATABASE"
PASSWORD = (
    "holds a password, which records and histories would keep; leave it out and set PGPASSWORD, "
    "or write it to ~/.pgpass"
)
PACKAGES = {"duckdb": "duckdb", SERVER: "adbc_driver_postgresql"}
_PASSWORD = re.compile(r"(://[^/@\s:]*):[^@\s]*@|((?:[?&\s]|^)password=)[^&\s]+", re.IGNORECASE)


def is_url(text: str) -> bool:
    """Whether a text is the address of a database of a known kind."""
    return text.partition("://")[0] in (SERVER, *FILES) and "://" in text


def database_file(url: str) -> Path | None:
    """Return the file of a database that is one; behind ``sqlite:///``, a fourth / is the root."""
    scheme, _, where = url.partition(":///")
    return expanded(where) if scheme in FILES and where else None


def without_password(text: str) -> str:
    """Return a text without the passwords of the addresses in it.

    Example:
        >>> without_password("data.url=postgresql://me:secret@host/shop: no such key")
        'data.url=postgresql://me:***@host/shop: no such key'
    """
    return _PASSWORD.sub(lambda match: f"{match[1]}:***@" if match[1] else f"{match[2]}***", text)


def url_problem(url: str) -> str | None:
    """Say why a text is no address of a database that may be asked, or return None."""
    if not is_url(url):
        return f"is no address of a database; use {FORMS}"
    package = PACKAGES.get(url.partition(":")[0])
    if package is not None and importlib.util.find_spec(package) is None:
        return f"needs the package {package}; pip install 'dltrain[sql]'"
    if url.startswith(SERVER):
        try:
            parts = urlsplit(url)
            parse_qsl(parts.query, strict_parsing=bool(parts.query))
        except ValueError as error:
            return f"is no address ({error}); use {FORMS}"
        return None
    path = database_file(url)
    if path is None:
        return f"names no file; use {FORMS}"
    problem = problem_with(path)
    return problem or (None if path.is_file() else "no such file")


def database_name(url: str) -> str:
    """Name a database: its file without the ending, or what a server calls it."""
    path = database_file(url)
    name = path.stem if path is not None else urlsplit(url).path.strip("/")
    return name or "query"
