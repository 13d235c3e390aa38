"""Run folders that a stranger might send, correctly sealed where that makes them more dangerous."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dltrain.runs.record import sealed_json
from dltrain.runs.verification import BLANK, sealed
from dltrain.train.checkpoints import checkpoint_file as checkpoint

SECRET = "SECRET-5f1d-that-nobody-may-see"
TOKEN = "STRANGER_TOKEN"
NASTY = "\x1b[31m[/x][bold red]\u202eevil\u2066 \x00\x07\x9b2J\r\nline"
CALLS = ("os.system", "evil.main", "builtins.exec", "subprocess.Popen", "torch.load")


@dataclass(frozen=True)
class World:
    """What lies around a run folder.

    Attributes:
        base: Of all of it.
        run: The stranger's folder.
    """

    base: Path
    run: Path

    @property
    def secret(self) -> Path:
        """A file that is nobody's business."""
        return self.base / "home" / "secret.csv"

    @property
    def outside(self) -> Path:
        """A run folder that is not the stranger's."""
        return self.base / "outside"


@dataclass(frozen=True)
class Stranger:
    """A hostile run folder.

    Attributes:
        name: What is hostile about it.
        make: Makes it so out of an honest one.
        is_sweep: Whether it is made out of a sweep's.
        hashed: What around it may be read to compare its digest, and for nothing else.
    """

    name: str
    make: Callable[[World], None]
    is_sweep: bool = False
    hashed: Sequence[Path] = ()


def lay_world(world: World, honest: Path) -> None:
    """Make all that lies around the run folder, and an honest one in its place."""
    # Python's own would not come to the end of very deep folders.
    subprocess.run(["rm", "-rf", "--", str(world.base)], check=True)
    world.secret.parent.mkdir(parents=True)
    world.secret.write_text(f"x,y\n1,{SECRET}\n2,{SECRET}\n")
    shutil.copytree(honest, world.run)
    (world.base / "here" / "evil.py").write_text(
        "from pathlib import Path\n"
        f"Path({str(world.base)!r}, 'executed').touch()\n"
        "def main(*a, **k): pass\n"
    )
    shutil.copytree(honest, world.outside)
    is_sweep = (world.outside / "sweep.json").exists()
    record = world.outside / ("sweep.json" if is_sweep else "run.json")
    info = json.loads(record.read_text())
    record.write_bytes(sealed_json({**info, "overrides": [SECRET], "started": SECRET}))
    (world.outside / "metrics.csv").write_text(f"epoch,val/loss\n1,{SECRET}\n")


def rewrite(world: World, change: Callable[[dict[str, Any]], None], name: str = "run.json") -> None:
    """Change a record and seal it again, as a forger would."""
    path = world.run / name
    info = json.loads(path.read_text())
    info.pop("seal", None)
    change(info)
    path.write_bytes(sealed(json.dumps({"seal": BLANK, **info}).encode(errors="surrogatepass")))


def put(info: dict[str, Any], key: str, value: object) -> None:
    """Set a dotted key, whatever stands on the way."""
    *path, name = key.split(".")
    node = info
    for part in path:
        inner = node.get(part)
        if not isinstance(inner, dict):
            inner = node[part] = {}
        node = inner
    node[name] = value


def setting(key: str, value: object, name: str = "run.json") -> Callable[[World], None]:
    """Make a change of one key of a record; a callable is given the world."""

    def make(world: World) -> None:
        final = value(world) if callable(value) else value
        rewrite(world, lambda info: put(info, key, final), name)

    return make


def text_record(text: str) -> Callable[[World], None]:
    """Make a record of this text, sealed if it has a place for that."""

    def make(world: World) -> None:
        content = text.replace("SEAL", f'"seal": "{BLANK}"').encode(errors="surrogatepass")
        (world.run / "run.json").write_bytes(sealed(content))

    return make


def _writing(name: str, content: Callable[[], bytes]) -> Callable[[World], None]:
    """Write a file that is made when it is needed: memory kept here would be a cage's own."""

    def make(world: World) -> None:
        (world.run / name).write_bytes(content())

    return make


def latest(world: World) -> Path:
    """Return the run's last checkpoint."""
    return checkpoint.paths(world.run / "checkpoints")[0]


def forge(
    world: World,
    *,
    meta: Mapping[str, Any] | None = None,
    tensors: Callable[[dict[str, Tensor]], object] = lambda tensors: None,
) -> None:
    """Replace all checkpoints by one that is sealed and of the right run, and yet forged."""
    path = latest(world)
    held, known = checkpoint.load(path)
    tensors(held)
    for key, value in (meta or {}).items():
        put(known, key, value)
    for old in checkpoint.paths(path.parent)[: None if "epoch" in (meta or {}) else 1]:
        old.unlink()
    text = json.dumps({**known, "sha256": BLANK})  # NaN is written, too
    import safetensors.torch

    content = safetensors.torch.save(held, metadata={"dltrain": text})
    name = path.name
    if "epoch" in (meta or {}):
        name = "epoch-000009.safetensors"
    (path.parent / name).write_bytes(sealed(content))


def _meta(meta: Mapping[str, Any]) -> Callable[[World], None]:
    return lambda world: forge(world, meta=meta)


def _tensors(change: Callable[[dict[str, Tensor]], object]) -> Callable[[World], None]:
    return lambda world: forge(world, tensors=change)


def _instead(world: World, path: Path, kind: str) -> None:
    """Put something else where a file was."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    match kind:
        case "link to a secret":
            path.symlink_to(world.secret)
        case "link to its like outside":
            path.symlink_to(world.outside / path.relative_to(world.run))
        case "dangling link":
            path.symlink_to(world.base / "made-by-a-link")
        case "link to /dev/zero":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            here = os.getcwd()
            os.chdir(path.parent)  # such a name may have 107 bytes
            with socket.socket(socket.AF_UNIX) as end:
                end.bind(path.name)
            os.chdir(here)
        case "10 GB of nothing":
            path.touch()
            os.truncate(path, 10 * 10**9)
        case _:
            raise AssertionError(kind)


FILES: tuple[str, ...] = (
    *("run.json", "config.yaml", "preparation.json", "metrics.csv", "timing.csv", "train.log"),
    *("checkpoints", "checkpoints/LATEST"),
)
KINDS: tuple[str, ...] = (
    *("link to a secret", "link to its like outside", "dangling link", "link to /dev/zero"),
    *("pipe", "folder", "socket", "10 GB of nothing"),
)


def _things() -> Iterator[Stranger]:
    for file in FILES:
        for kind in KINDS:
            if kind == "folder" and file == "checkpoints":
                continue

            def make(world: World, file: str = file, kind: str = kind) -> None:
                path = latest(world) if "LATEST" in file else world.run / file
                _instead(world, path, kind)

            yield Stranger(f"{file} is a {kind}", make)


FIELDS: tuple[str, ...] = (
    *("id", "format", "status", "exit_code", "started", "finished"),
    *("host", "pid", "pid_started", "command", "overrides", "seed"),
    *("device", "threads", "cpu", "identity", "data", "data.name"),
    *("data.sha256", "data.rows", "data.notes", "data.source", "model", "model.name"),
    *(
        "model.parameters",
        "config",
        "config.trainer",
        "config.trainer.epochs",
        "config.model.hidden",
        "config.data.num_train",
    ),
    *("config.seed", "config.output_dir", "config.expect", "versions", "versions.torch", "git"),
    *("git.commit", "result", "files", "result.message", "result.final", "result.best"),
    *(
        "result.best.metric",
        "resumed",
        "result.best.value",
        "result.kept",
        "result.kept.epoch",
        "metric",
        "keep",
        "result.findings",
        "result.expectations",
    ),
    "sweep",
)
HUGE = 10**400
VALUES: dict[str, Any] = {
    "null": None,
    "a list of lists": [[], [[1]], {}],
    "a mapping of mappings": {"a": {"b": {"_target_": "os.system"}}, NASTY: NASTY},
    "negative": -1,
    "an integer of 400 digits": HUGE,
    "control characters and markup": NASTY,
    "a list of such texts": [NASTY, NASTY],
    "a megabyte of text": "[x]" * 350_000,
    "true": True,
    "a fraction": 0.5,
    "${oc.env:STRANGER_TOKEN}": "${oc.env:STRANGER_TOKEN}",
}


def _fields() -> Iterator[Stranger]:
    kinds = list(VALUES)
    for number, field in enumerate(FIELDS):
        # Of each field two values; over all fields every value comes often.
        for kind in dict.fromkeys(kinds[n % len(kinds)] for n in (number, 3 * number + 5)):
            yield Stranger(f"{field} is {kind}", setting(field, VALUES[kind]))


def _records() -> Iterator[Stranger]:
    texts = {
        "not JSON": "{SEAL, nothing",
        "depth of 100,000": '{SEAL, "config": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "depth of 900": '{SEAL, "status": "done", "resumed": ' + "[" * 900 + "]" * 900 + "}",
        "duplicate keys": '{SEAL, "status": "done", "status": "running", "status": ["x"]}',
        "an integer of 4301 digits": '{SEAL, "seed": ' + "9" * 4301 + "}",
        "an integer of 4300 digits": '{SEAL, "seed": ' + "9" * 4300 + ', "result": {"best": '
        '{"metric": "x", "value": ' + "9" * 4300 + "}}}",
        "NaN and Infinity": '{SEAL, "threads": NaN, "exit_code": Infinity, "pid": -Infinity}',
        "a list": "[SEAL]".replace("SEAL", '"x"'),
        "lone surrogates": '{SEAL, "id": "\\ud800", "overrides": ["\\udfff"]}',
        "nothing but a seal": "{SEAL}",
        "bytes that are no text": '{SEAL, "id": "\udcff"}',
        "a million lists": '{SEAL, "config": [' + "[]," * 10**6 + "0]}",
        "a hundred thousand keys": '{SEAL, "config": {'
        + ",".join(f'"k{i}": 0' for i in range(10**5))
        + "}}",
    }
    for name, text in texts.items():
        yield Stranger(f"run.json holds {name}", text_record(text))

    def deep(world: World) -> None:
        rewrite(world, lambda info: put(info, "resumed", json.loads("[" * 500 + "]" * 500)))

    def many_keys(world: World) -> None:
        more = {f"k{i}": 0 for i in range(10**5)}
        rewrite(world, lambda info: info["config"]["trainer"].update(more))

    def many_expectations(world: World) -> None:
        rewrite(world, lambda info: put(info, "config.expect", [{"metric": "x"}] * 10**5))

    yield Stranger("run.json holds resumed of depth 500", deep)
    yield Stranger("config.trainer has a hundred thousand unknown keys", many_keys)
    yield Stranger("config.expect has a hundred thousand entries", many_expectations)
    yield Stranger("run.json is of a newer format", setting("format", 999))
    yield Stranger("run.json has 16 MB", _writing("run.json", lambda: b" " * 2**24 + b"1"))
    for call in CALLS:
        target = {"_target_": call, "_args_": ["touch executed"]}
        for key in ("config", "config.model", "config.optimizer", "hydra", "config.model.hidden"):
            yield Stranger(f"_target_={call} in {key}", setting(key, target))
        yield Stranger(
            f"_target_={call} beside the model's own keys", setting("config.model._target_", call)
        )
    for key in ("output_dir", "data.name", "trainer.checkpoint_interval", "seed"):
        for text in ("${oc.env:STRANGER_TOKEN}", "${oc.env:HOME}"):
            yield Stranger(f"{text} in {key}", setting(f"config.{key}", text))
    yield Stranger("config.output_dir elsewhere", setting("config.output_dir", "/nowhere/at/all"))
    for status in ("done", "running", "diverged", "failed", "interrupted", "crashed", "frozen", ""):
        yield Stranger(f"status {status!r}", setting("status", status))


def _sizes() -> Iterator[Stranger]:
    for key, value in {
        "config.model.hidden": [10**6, 10**6],
        "config.data.num_train": 10**9 * 2,
        "config.data.num_val": 10**9 + 10**8,
        "config.trainer.epochs": 10**9,
        "config.trainer.batch_size": 10**10,
        "config.device.threads": 10**6,
        "threads": 10**6,
        "device": "cuda:0",
        "config.data.w": [1e300, 2.0],
        "config.seed": 2**32,
    }.items():
        yield Stranger(f"{key}={value}", setting(key, value))
    yield Stranger("a hundred thousand layers", setting("config.model.hidden", [1] * 10**5))

    def many_rows(world: World) -> None:
        def change(info: dict[str, Any]) -> None:
            put(info, "config.data.num_train", 10**9)
            put(info, "config.data.w", [1.0, 1.0])

        rewrite(world, change)

    yield Stranger("10^9 rows of two columns", many_rows)


def _csv(path: object, **more: Any) -> Callable[[World], None]:
    def make(world: World) -> None:
        text = path(world) if callable(path) else path
        data = {
            **{"kind": "csv", "name": None, "path": text, "target": "y", "task": "auto"},
            **{"features": None, "drop": [], "categorical": [], "missing": "mean"},
            **{"missing_values": [""], "max_categories": 50, "standardise": True},
            **{"standardise_target": False, "val_fraction": 0.2, "test_fraction": 0.0},
            **{"delimiter": ",", "encoding": None, "skip_rows": 0, "comment": None},
            **{"header": "row", "sheet": None, "url": None, "query": None, "seed": 0},
            **more,
        }

        def change(info: dict[str, Any]) -> None:
            info["config"]["data"] = data

        rewrite(world, change)

    return make


def _pipe(world: World) -> str:
    os.mkfifo(world.run / "table.csv")
    return str(world.run / "table.csv")


def _sparse(world: World) -> str:
    _instead(world, world.run / "table.csv", "10 GB of nothing")
    return str(world.run / "table.csv")


def _data() -> Iterator[Stranger]:
    paths: dict[str, Any] = {
        "a secret": lambda world: str(world.secret),
        "a secret, from here": "../home/secret.csv",
        "/etc/passwd": "/etc/passwd",
        "/dev/zero": "/dev/zero",
        "/proc/self/environ": "/proc/self/environ",
        "a pipe": _pipe,
        "10 GB of nothing": _sparse,
        "a URL": "http://127.0.0.1:9/x.csv",
        "a file URL": "file:///etc/passwd",
        "package:../../x": "package:../../pyproject.toml",
        "package:/etc/passwd": "package:/etc/passwd",
        "a folder": "/etc",
        "a name with NUL": "x\x00.csv",
        "a name of 100,000 letters": "x" * 100_000,
        "~root": "~root/secret.csv",
    }
    for name, path in paths.items():
        hashed = [Path(path)] if name == "/etc/passwd" else []
        yield Stranger(f"data.path={name}", _csv(path), hashed=hashed)
    yield Stranger("data.target is nasty", _csv(lambda world: str(world.secret), target=NASTY))
    for name, root in {
        "a secret's folder": lambda world: str(world.secret.parent),
        "/proc": "/proc",
        "a folder with pipes": _pipes,
    }.items():
        yield Stranger(f"data.root={name}", _images(root))


def _pipes(world: World) -> str:
    for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
        os.mkfifo(world.run / f"{name}-idx{3 if 'images' in name else 1}-ubyte")
    return str(world.run)


def _images(root: Any) -> Callable[[World], None]:
    def make(world: World) -> None:
        text = root(world) if callable(root) else root
        data = {"kind": "fashion_mnist", "name": "x", "root": text, "source": "full"}

        def change(info: dict[str, Any]) -> None:
            info["config"]["data"] = {**data, "num_val": 5000, "seed": 0}
            info["config"]["model"] = {"kind": "softmax", "init": "normal", "init_std": 0.01}

        rewrite(world, change)

    return make


class _Payload:
    """Runs code when it is unpickled."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def __reduce__(self) -> tuple[Any, tuple[str, ...]]:
        return os.system, (f"touch {self._base}/executed",)


def _pickles() -> Iterator[Stranger]:
    def plain(world: World) -> None:
        latest(world).write_bytes(pickle.dumps(_Payload(world.base)))

    def as_pt(world: World) -> None:
        path = latest(world)
        torch.save({"model": torch.zeros(3)}, path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("evil/data.pkl", pickle.dumps(_Payload(world.base)))

    def beside(world: World) -> None:
        for name in ("last.ckpt", "model.pt", "checkpoints/epoch-000001.pt", "hydra.pkl"):
            (world.run / name).write_bytes(pickle.dumps(_Payload(world.base)))

    def python(world: World) -> None:
        for name in ("sitecustomize.py", "conftest.py", "config.py", "__init__.py"):
            (world.run / name).write_text("import evil\n")

    def in_meta(world: World) -> None:
        text = pickle.dumps(_Payload(world.base)).hex()
        forge(world, meta={"outcome.message": text, "pickle": text})

    yield Stranger("a checkpoint is a pickle", plain)
    yield Stranger("a checkpoint is a .pt file with a payload", as_pt)
    yield Stranger("pickles lie beside the checkpoints", beside)
    yield Stranger("Python files lie in the folder", python)
    yield Stranger("a checkpoint's header holds a pickle", in_meta)


def _first(tensors: dict[str, Tensor], prefix: str) -> str:
    return next(name for name in sorted(tensors) if name.startswith(prefix))


def _fill(tensors: dict[str, Tensor], value: float, prefix: str = "") -> None:
    for name, tensor in tensors.items():
        if name.startswith(prefix) and tensor.is_floating_point():
            tensor.fill_(value)


def _states() -> Iterator[Stranger]:
    metas: dict[str, dict[str, Any]] = {
        "epoch -1": {"epoch": -1},
        "epoch 10^9": {"epoch": 10**9, "step": 6 * 10**9, "underway": 0, "outcome.best": {}},
        "epoch 10^400": {"epoch": HUGE, "step": 6 * HUGE, "underway": 0, "outcome.best": {}},
        "a best epoch of 10^400": {"outcome.best.epoch": HUGE},
        "a best epoch of -5": {"outcome.best.epoch": -5},
        "a best value of NaN": {"outcome.best.value": float("nan")},
        "a best metric that is nasty": {"outcome.best.metric": NASTY},
        "steps under way -1": {"underway": -1},
        "steps under way 10^9": {"underway": 10**9, "step": 10**9},
        "an epoch that is text": {"epoch": "2"},
        "a step of 10^400": {"step": HUGE},
        "a state that is done": {"outcome.status": "done"},
        "a state that is done and says why": {"outcome.status": "done", "outcome.message": NASTY},
        "a state of no status": {"outcome.status": "frozen"},
        "no last row": {"outcome.final": {}},
        "done without a last row": {"outcome.status": "done", "outcome.final": {}},
        "a last row of 10^400": {"outcome.final": {"epoch": HUGE}},
        "a last row of names only": {"outcome.final": {"x": 1.0}},
        "a last row of NaN": {"outcome.final.train/loss": "nan"},
        "a nasty last row": {"outcome.final": {NASTY: 1.0, "epoch": 2.0}},
        "no best row": {"outcome.best_row": {}},
        "a best row without what chose it": {"outcome.best_row": {"epoch": 2.0}},
        "a nasty best row": {"outcome.best_row": {NASTY: 1.0, "epoch": 2.0}},
        "results of a test": {"outcome.kept": {NASTY: 1.0}},
        "gradient norms of others": {"outcome.gradient_norms": {NASTY: 1.0}},
        "no outcome": {"outcome": None},
        "an outcome with a _target_": {"outcome._target_": "os.system"},
        "stale -1": {"outcome.stale": -1},
        "another run": {"run": "0" * 64},
        "metrics of -1 bytes": {"metrics.bytes": -1},
        "metrics of 10^12 bytes": {"metrics.bytes": 10**12},
        "metrics of no digest": {"metrics.sha256": None},
        "metrics elsewhere": {"metrics": "../../home/secret.csv"},
    }
    for name, meta in metas.items():
        yield Stranger(f"a state with {name}", _meta(meta))
    changes: dict[str, Callable[[dict[str, Tensor]], object]] = {
        "no tensors": lambda t: t.clear(),
        "a tensor more": lambda t: t.update({"model.evil": torch.zeros(3)}),
        "a tensor less": lambda t: t.pop(_first(t, "model.")),
        "a nasty name": lambda t: t.update({NASTY: torch.zeros(3)}),
        "float64 weights": lambda t: t.update({n: x.double() for n, x in t.items()}),
        "complex weights": lambda t: t.update(
            {_first(t, "model."): torch.zeros(8, 2, dtype=torch.complex64)}
        ),
        "another shape": lambda t: t.update({_first(t, "model."): torch.zeros(3, 3)}),
        "no rows": lambda t: t.update({_first(t, "model."): torch.zeros(0, 2)}),
        "NaN weights": lambda t: _fill(t, float("nan")),
        "infinite weights": lambda t: _fill(t, float("inf")),
        "infinite moments": lambda t: _fill(t, -1e38, "optimizer."),
        "an epoch under way of nothing": lambda t: [
            t.pop(name) for name in list(t) if name.startswith("epoch.")
        ],
        "an epoch under way of scalars": lambda t: t.update(
            {name: torch.zeros(()) for name in t if name.startswith("epoch.")}
        ),
        "an epoch under way of a million steps": lambda t: t.update(
            {"epoch.added": torch.zeros(10**6, 3)}
        ),
        "an epoch under way of NaN": lambda t: _fill(t, float("nan"), "epoch."),
        "8-bit weights": lambda t: t.update(
            {_first(t, "model."): torch.zeros(8, 2).to(torch.float8_e4m3fn)}
        ),
    }
    for name, change in changes.items():
        yield Stranger(f"a state with {name}", _tensors(change))


def _header(text: str, body: bytes = b"") -> Callable[[World], None]:
    def make(world: World) -> None:
        meta = json.dumps({"sha256": BLANK, "epoch": 1, "step": 6, "outcome": {}})
        filled = text.replace("META", json.dumps(meta)).encode()
        content = len(filled).to_bytes(8, "little") + filled + body
        latest(world).write_bytes(sealed(content))

    return make


def _headers() -> Iterator[Stranger]:
    texts = {
        "a tensor of 10^18 numbers": '{"__metadata__": {"dltrain": META}, "x": {"dtype": "F32", '
        '"shape": [1000000000, 1000000000], "data_offsets": [0, 4]}}',
        "offsets out of the file": '{"__metadata__": {"dltrain": META}, "x": {"dtype": "F32", '
        '"shape": [1], "data_offsets": [0, 99999999]}}',
        "a type that nobody knows": '{"__metadata__": {"dltrain": META}, "x": {"dtype": "EVIL", '
        '"shape": [1], "data_offsets": [0, 4]}}',
        "a type that torch does not know": '{"__metadata__": {"dltrain": META}, "x": {"dtype": '
        '"F4", "shape": [8], "data_offsets": [0, 4]}}',
        "a metadata list": '{"__metadata__": [META]}',
        "great depth": "[" * 10**5,
        "metadata that is a number": '{"__metadata__": {"dltrain": 5}}',
        "metadata of a list": '{"__metadata__": {"dltrain": "[1, 2]"}}',
        "a name of a path": '{"__metadata__": {"dltrain": META}, "../../x": {"dtype": "F32", '
        '"shape": [1], "data_offsets": [0, 4]}}',
    }
    for name, text in texts.items():
        yield Stranger(f"a checkpoint's header has {name}", _header(text, b"\0" * 4))

    def long(world: World) -> None:
        latest(world).write_bytes(b"\xff" * 8 + b"{}")

    yield Stranger("a checkpoint's header is of 2^64 bytes", long)

    def names(world: World) -> None:
        folder = world.run / "checkpoints"
        digits = "\u0660" * 6  # Arabic ones
        nasty = NASTY.replace("/", "").replace("\0", "")
        for name in ("epoch-999999999.safetensors", f"epoch-{digits}.safetensors", nasty):
            shutil.copy(latest(world), folder / name)

    yield Stranger("checkpoints of strange names", names)

    def best(world: World) -> None:
        _instead(world, world.run / "checkpoints" / "epoch-000001.safetensors", "10 GB of nothing")
        forge(world, meta={"outcome.best.epoch": 1})

    yield Stranger("a best state of 10 GB", best)


def _metrics() -> Iterator[Stranger]:
    texts: dict[str, Callable[[], bytes]] = {
        "a million columns": lambda: b"," * 10**6 + b"\n" + b"1," * 10**5 + b"\n",
        "ten million rows": lambda: b"epoch\n" + b"1\n" * 10**7,
        "sixty million rows of nothing": lambda: b"\n" * (60 * 10**6),
        "nasty cells": lambda: f"epoch,{NASTY}\n1,{NASTY}\n".encode(),
        "one line of 60 MB": lambda: b"x" * (60 * 10**6),
        "bytes that are no text": lambda: b"epoch\n\xff\xfe\n",
        "huge numbers": lambda: b"epoch,val/loss\n" + b"9" * 5000 + b",1e999\n",
    }
    for name, content in texts.items():
        yield Stranger(
            f"metrics.csv holds {name}",
            _writing("metrics.csv", content),
        )

    def done(world: World) -> None:
        (world.run / "metrics.csv").write_bytes(b"epoch\n" + b"1\n" * 10**7)
        setting("status", "done")(world)

    yield Stranger("metrics.csv holds ten million rows and the run is done", done)

    def names(world: World) -> None:
        for index in range(2000):
            (world.run / f"\x1b[31m[red]{index}").touch()

    def deep(world: World) -> None:
        here = os.getcwd()
        os.chdir(world.run)
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        os.chdir(here)

    yield Stranger("two thousand files of nasty names", names)
    yield Stranger("folders 1,500 deep", deep)
    yield Stranger("files lists paths", setting("files", {"../../home/secret.csv": "0" * 64}))


def _plan(change: Callable[[dict[str, Any]], None]) -> Callable[[World], None]:
    """Change a plan's every line, and let the sweep's record say so."""

    def make(world: World) -> None:
        import hashlib

        path = world.run / "plan.jsonl"
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        for entry in entries:
            change(entry)
        content = "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        rewrite(world, lambda info: put(info, "files", {"plan.jsonl": digest}), "sweep.json")

    return make


def _sweeps() -> Iterator[Stranger]:
    def link_member(world: World) -> None:
        _instead(world, world.run / "members" / "0000", "link to its like outside")

    def link_members(world: World) -> None:
        _instead(world, world.run / "members", "link to its like outside")

    def link_logs(world: World) -> None:
        shutil.rmtree(world.run / "members" / "0001")
        (world.run / "logs").symlink_to(world.outside)

    def link_table(world: World) -> None:
        _instead(world, world.run / "results.csv", "dangling link")

    own: dict[str, Callable[[World], None]] = {
        "a member that is a link": link_member,
        "members that are a link": link_members,
        "logs that are a link": link_logs,
        "results.csv that is a link": link_table,
        "sweep.json that is a pipe": lambda w: _instead(w, w.run / "sweep.json", "pipe"),
        "plan.jsonl that is a pipe": lambda w: _instead(w, w.run / "plan.jsonl", "pipe"),
        "plan.jsonl that is a link": lambda w: _instead(
            w, w.run / "plan.jsonl", "link to its like outside"
        ),
        "plan.jsonl of 10 GB": lambda w: _instead(w, w.run / "plan.jsonl", "10 GB of nothing"),
        "members -1": setting("members", -1, "sweep.json"),
        "nasty keys that vary": setting("varying", [NASTY], "sweep.json"),
        "counts of others": setting("counts", {NASTY: NASTY}, "sweep.json"),
        "a nasty metric": setting("metric", NASTY, "sweep.json"),
        "groups of others": setting("groups", [[10**9]], "sweep.json"),
        "10^9 workers": setting("settings.workers", 10**9, "sweep.json"),
        "a stack size of -1": setting("settings.stack_size", -1, "sweep.json"),
        "a plan with a _target_": _plan(
            lambda entry: put(entry, "config.model._target_", "os.system")
        ),
        "a plan with an interpolation": _plan(
            lambda entry: put(entry, "config.data.name", "${oc.env:STRANGER_TOKEN}")
        ),
        "a plan of 10^9 rows": _plan(lambda entry: put(entry, "config.data.num_train", 10**10)),
        "a plan of nasty words": _plan(lambda entry: put(entry, "words", NASTY)),
        "a plan of nasty settings": _plan(lambda entry: put(entry, "member", NASTY)),
    }
    for name, make in own.items():
        yield Stranger(f"a sweep with {name}", make, is_sweep=True)

    def reading(path: object) -> Callable[[World], None]:
        def make(world: World) -> None:
            text = path(world) if callable(path) else path
            scratch: dict[str, Any] = {}
            honest = World(world.base, world.run / "members" / "0000")
            before = (honest.run / "run.json").read_bytes()
            _csv(text)(honest)
            scratch = json.loads((honest.run / "run.json").read_text())["config"]["data"]
            (honest.run / "run.json").write_bytes(before)
            _plan(lambda entry: put(entry, "config.data", scratch))(world)

        return make

    for name, path in {
        "a secret": lambda world: str(world.secret),
        "/etc/passwd": "/etc/passwd",
        "a pipe": _pipe,
        "10 GB of nothing": _sparse,
    }.items():
        hashed = [Path("/etc/passwd")] if name == "/etc/passwd" else []
        told = f"a sweep with a plan that reads {name}"
        yield Stranger(told, reading(path), is_sweep=True, hashed=hashed)


def strangers() -> list[Stranger]:
    """List every hostile run folder."""
    parts = (_records, _sizes, _data, _pickles, _states, _headers, _metrics, _things)
    return [stranger for part in (*parts, _fields, _sweeps) for stranger in part()]
