"""Run folders whose preparation.json or weights are forged, with digests that agree with it."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.torture.strangers import HUGE, NASTY, Stranger, World, forge, put, rewrite, setting

NAME = "preparation.json"
WRONG: list[Any] = [None, [], {}, HUGE, float("nan"), NASTY, [NASTY], [[]], True, "\ud800"]


def preparing(change: Callable[[dict[str, Any]], object]) -> Callable[[World], None]:
    """Change how a run says it prepared its rows, and the digest of that."""

    def make(world: World) -> None:
        values = json.loads((world.run / NAME).read_text())
        change(values)
        _write(world, json.dumps(values))

    return make


def _write(world: World, text: str) -> None:
    content = text.encode(errors="surrogatepass")
    (world.run / NAME).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    rewrite(world, lambda info: put(info, "files", {NAME: digest}))


def _text(text: str) -> Callable[[World], None]:
    return lambda world: _write(world, text)


def _column(**entries: Any) -> dict[str, Any]:
    honest = {
        **{"name": "x0", "role": "number", "missing": 0, "imputed": None, "categories": []},
        **{"features": ["x0"], "unseen": 0, "mean": 0.0, "deviation": 1.0},
    }
    return honest | entries


def _columns(**entries: Any) -> list[dict[str, Any]]:
    target = _column(name="y", role="target", features=[])
    return [_column(**entries), _column(name="x1", features=["x1"]), target]


def _many() -> list[str]:
    return [str(number) for number in range(10**6)]


def _parts() -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield what is put in the place of honest parts, made when it is needed: it may be large."""
    keys = ["unit", "task", "target", "feature_names", "class_names", "image_shape", "reading"]
    for key in [*keys, "edges", "resizes"]:
        for value in WRONG:
            yield f"{key} is {str(value)[:20]!r}", functools.partial(dict, [(key, value)])
    yield "a million features", lambda: {"feature_names": _many()}
    yield (
        "two million classes",
        lambda: {"task": "classification", "class_names": ["a"] * 2 * 10**6},
    )
    yield "images of 1 x 2", lambda: {"image_shape": [1, 2]}
    yield "images of 2^40", lambda: {"image_shape": [2**40, 2**40]}
    yield "images of negative size", lambda: {"image_shape": [-1, -2]}
    yield "a quote as delimiter", lambda: {"reading": {"delimiter": '"', "missing_values": []}}
    yield "no delimiter", lambda: {"reading": {"delimiter": "", "missing_values": []}}
    yield (
        "a long delimiter",
        lambda: {"reading": {"delimiter": "," * 10**6, "missing_values": []}},
    )
    yield (
        "a million missing values",
        lambda: {"reading": {"delimiter": ",", "missing_values": _many()}},
    )
    yield "a _target_ more", lambda: {"_target_": "os.system"}
    columns: dict[str, dict[str, Any]] = {
        "a mean of NaN": {"mean": float("nan")},
        "a mean of 10^400": {"mean": HUGE},
        "a mean of 1e308": {"mean": -1e308, "deviation": 1e-308},
        "a deviation of 0": {"deviation": 0.0},
        "a deviation below 0": {"deviation": -1.0},
        "an imputed text": {"imputed": NASTY},
        "a nasty name": {"name": NASTY, "features": [NASTY]},
        "a nasty role": {"role": NASTY},
        "a name of a path": {"name": "../../home/secret.csv", "features": ["../../x"]},
        "features of others": {"features": ["x0", "x1", "x2"]},
        "a _target_": {"_target_": "os.system"},
    }
    for name, entries in columns.items():
        yield f"a column with {name}", lambda own=entries: {"columns": _columns(**own)}  # type: ignore[misc]
    yield (
        "a column of a million categories",
        lambda: {
            "columns": _columns(role="category", categories=_many(), features=_many()),
        },
    )
    yield "columns of nothing", lambda: {"columns": [{}] * 1000}
    yield "columns of great number", lambda: {"columns": [[]] * 10**6}


def forged() -> list[Stranger]:
    """List the folders."""
    found = [
        Stranger(f"{NAME} has {name}", preparing(lambda values, own=own: values.update(own())))  # type: ignore[misc]
        for name, own in _parts()
    ]
    texts = {
        "no JSON": "{",
        "depth of 100,000": "[" * 100_000 + "]" * 100_000,
        "an integer of 5,000 digits": "9" * 5000,
        "NaN": "NaN",
        "duplicate keys": '{"unit": 1, "unit": [], "unit": 1e999}',
    }
    found += [Stranger(f"{NAME} holds {name}", _text(text)) for name, text in texts.items()]

    def long(world: World) -> None:
        _write(world, " " * 2**24 + "1")

    def unlisted(world: World) -> None:
        (world.run / NAME).write_text(json.dumps({"unit": NASTY}))
        setting("files", {})(world)

    def damaged(world: World) -> None:
        (world.run / NAME).write_bytes((world.run / NAME).read_bytes()[:-9])

    def wide(world: World) -> None:
        """Let config and preparation agree on a layer of 4 GB that the checkpoint does not have."""
        preparing(lambda values: values.update(feature_names=["x0", "x1"]))(world)
        setting("config.model.hidden", [2**15, 2**15])(world)

    found.append(Stranger(f"{NAME} of 16 MB", long))
    found.append(Stranger(f"{NAME} of no digest", unlisted))
    found.append(Stranger(f"{NAME} that is cut", damaged))
    found.append(Stranger("a layer of 4 GB", wide))
    metas: dict[str, dict[str, Any]] = {
        "steps that are text": {"underway": NASTY},
        "an epoch that is a list": {"outcome.best.epoch": [1]},
        "a run that is nasty": {"run": NASTY},
    }
    for name, meta in metas.items():
        found.append(
            Stranger(f"a state to predict with of {name}", lambda w, m=meta: forge(w, meta=m))  # type: ignore[misc]
        )
    return found
