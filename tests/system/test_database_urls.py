"""Addresses of databases, and the passwords that must not be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.system.database_urls import (
    database_file,
    database_name,
    is_url,
    url_problem,
    without_password,
)


def test_addresses_of_known_kinds_are_told_from_files() -> None:
    assert all(map(is_url, ["sqlite:///a", "duckdb:///a", "postgresql://h/d"]))
    assert not any(map(is_url, ["a.db", "https://h/d", "sqlite", "x/sqlite:///a", ""]))


def test_the_file_of_an_address_is_relative_or_absolute() -> None:
    assert database_file("sqlite:///a/b.db") == Path("a/b.db")
    assert database_file("duckdb:////a/b.db") == Path("/a/b.db")
    assert database_file("postgresql://h/d") is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///a/b.db", "b"),
        ("postgresql://u@h/shop?host=/tmp", "shop"),
        ("postgresql://u@h", "query"),
    ],
)
def test_a_database_has_a_name(url: str, name: str) -> None:
    assert database_name(url) == name


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("shop.db", "is no address of a database; use sqlite:///FILE, duckdb:///FILE or"),
        ("mysql://h/d", "is no address of a database"),
        ("sqlite://a.db", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///nowhere.db", "no such file"),
        ("sqlite:///.", "no such file"),
        ("postgresql://h:x]/d[", "is no address ("),
    ],
)
def test_what_is_no_address_is_told(url: str, told: str) -> None:
    assert (url_problem(url) or "").startswith(told)


def test_an_address_of_a_server_is_not_tried() -> None:
    assert url_problem("postgresql://nobody@nowhere.invalid/d?sslmode=require") is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@host/d",
        "postgresql://:s3cret@host/d",
        "postgresql://me:s3:cret@host:5432/d?x=1",
        "postgresql://host/d?password=s3cret",
        "postgresql://host/d?user=me&PassWord=s3cret&x=1",
    ],
)
def test_passwords_are_taken_out_wherever_they_stand(url: str) -> None:
    for text in (url, f"data.url={url}: no such key", f"{url} and {url}"):
        assert "cret" not in without_password(text)
        assert "host" in without_password(text)


@pytest.mark.parametrize(
    "text", ["postgresql://me@host:5432/d", "sqlite:///a:b@c.db", "mail me@host: now", "a=b: c@d"]
)
def test_what_holds_no_password_stays_as_it_is(text: str) -> None:
    assert without_password(text) == text
