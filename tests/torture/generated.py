"""Malformed inputs, generated: valid ones with a few changes, each decided by a seed.

Whatever comes of one must be a sound result or a proper refusal: exactly the kind of error that
names what the user can mend, no other, and no warning.

    python -m tests.torture.generated AMOUNT [SEED]
"""

from __future__ import annotations

import collections
import gzip
import hashlib
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dltrain.config.compose import ConfigError
from dltrain.config.kinds import TABLE
from dltrain.config.knob import knobs
from dltrain.config.load import load
from dltrain.config.plain import as_dict
from dltrain.config.schema import RunConfig, SweepConfig
from dltrain.config.validate import run_config
from dltrain.data.dataset import Dataset
from dltrain.data.images.idx import IdxFile, read_idx
from dltrain.data.table.dataset import tabular
from dltrain.data.table.options import Options
from tests.torture.listed_config import GLOBAL, SGD
from tests.torture.listed_tables import HOLES, LABELS, numbers, text
from tests.torture.proof import Report
from tests.torture.refusal import (
    MAX_SECONDS,
    HungError,
    carried_out,
    ending_in,
    faults_of,
    listing,
    standing_in,
)

LONGEST = 10  # seconds, for what is not a whole command

# What a careless hand or a broken program puts anywhere.
TOKENS: list[bytes] = [
    *(
        b"",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\t",
        b",",
        b";",
        b'"',
        b"'",
        b'""',
        b"\\",
        b"\0",
        b"\xff",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\x1b[31m",
        b"\xe2\x80\xae",
        b"\xc3",
        b"\xed\xa0\x80",
        b"#",
        b"%",
        b"-",
        b"=",
    ),
    *(b"nan", b"inf", b"-inf", b"1e400", b"-1", b"0", b"1e-400", b"9" * 400, b"9" * 5000, b"0x1F"),
    *(b"1_000", b"1,000", b"true", b"null", b"None", b"NA", b"~", b"yes", b"x", b"1e308", b"007"),
    *(b"${oc.env:HOME}", b"${", b"}", b"{", b"[", b"]", b"???", b"_target_", b"!!python/name:os"),
    *(b"&a ", b"*a", b"<<: *a", b"---\n", b"...\n", b": ", b"- ", b"? ", b"| ", b">\n", b"a: b\n"),
    *(b"defaults: [own]\n", b"# @package _global_\n", b"hydra: {}\n", b"../", b"/etc/passwd", b"@"),
]

TABLES = (
    text(numbers(20)),
    text(numbers(8, columns="y,a,b,c")),
    LABELS,
    HOLES,
    'a,b,y\n"one, two",1,2.5\n"say ""no""",3,4.5\nthree,5,6.5\n' * 1,
    "a,y\n" + "true,1\nfalse,2\n" * 9,
    "a,b,y\r\n" + "1.5,red,0\r\n2.5,blue,1\r\n" * 8,
)
ADAM = "kind: adam\nlr: 0.001\nbetas: [0.9, 0.999]\neps: 1.0e-08\nweight_decay: 0.0\n"
EXPERIMENT = (
    f"{GLOBAL}defaults:\n  - override /model: mlp\n  - override /optimizer: adam\n"
    "trainer:\n  epochs: 3\n  batch_size: null\nmodel:\n  hidden: [8, 4]\nseed: 3\n"
    "expect:\n  - {metric: a, published: 1, low: 0.5, high: 1.5, source: b}\n"
)
PRIMARY = "defaults:\n  - config\n  - _self_\nseed: 7\noutput_dir: there\ntrainer: {epochs: 2}\n"
# Where each lies, and the words that ask for it.
CONFIGS: list[tuple[str, str, list[str], str]] = [
    ("optimizer/own.yaml", SGD, ["optimizer=own"], "config"),
    ("optimizer/own.yaml", ADAM, ["optimizer=own"], "config"),
    ("experiment/own.yaml", EXPERIMENT, ["experiment=own"], "config"),
    ("own.yaml", PRIMARY, [], "own"),
]

VALUES = (
    *("", "0", "1", "-1", "0.5", "1e-3", "nan", "inf", "1e400", "null", "true", "x", "[]", "[1]"),
    *(
        "[0.9,0.99]",
        "[a,b]",
        "{a:1}",
        "[[1]]",
        "'a b'",
        '"',
        "'",
        "a b",
        "a=b",
        "a,b",
        "1,2",
        "~",
        "(",
    ),
    *(
        "[",
        "}",
        "${seed}",
        "${",
        "???",
        "\\",
        "\x1b[31m",
        "\u202ex",
        "\udcff",
        "7",
        "auto",
        "float64",
    ),
    *(
        "range(3)",
        "range(0,1,0.3)",
        "choice(1,2)",
        "glob(*)",
        "sort(2,1)",
        "shuffle(1,2)",
        "range(9,1)",
    ),
    *(
        "interval(0,1)",
        "tag(a,1,2)",
        "int(1.5)",
        "str(1)",
        "float(1)",
        "9" * 400,
        "9" * 5000,
        "x" * 5000,
    ),
    *(
        "2147483648",
        "1" + "0" * 30,
        "/dev/null",
        "../..",
        "package:house_tiny.csv",
        "mlp",
        "adam",
        "he",
    ),
)
GROUPS = (*TABLE, "trainer", "device", "tracking", "sweep", "experiment")
KEYS = (
    *(
        f"{group}.{key}"
        for group, kinds in TABLE.items()
        for kind in kinds.values()
        for key in knobs(kind.config)
    ),
    *(
        f"{group}.{key}"
        for group in ("trainer", "device", "tracking")
        for key in knobs(knobs(RunConfig)[group][0])
    ),
    *(f"sweep.{key}" for key in knobs(SweepConfig)),
    *(
        "seed",
        "output_dir",
        "expect",
        "hydra.run.dir",
        "hydra/launcher",
        "lr",
        "_target_",
        "+seed",
        "~seed",
    ),
)
CHOICES = (
    *(
        "model=mlp",
        "model=linear",
        "model=softmax",
        "optimizer=adam",
        "optimizer=sgd",
        "device=cpu",
    ),
    *("optimizer=least_squares", "data=synthetic", "data=house_tiny", "experiment=book/house_tiny"),
)
VERBS: tuple[tuple[str, ...], ...] = (
    ("--cfg", "job"),
    ("-m", "--dry-run"),
    ("config", "show"),
    ("config", "show", "--describe"),
    ("config", "why", "optimizer.lr"),
    ("config", "diff"),
    ("data",),
    ("runs",),
    ("runs", "show"),
    ("-m", "--resume"),
)
FLAGS = (
    "--nope",
    "--cfg",
    "--config-dir",
    "--config-name",
    "--package",
    "--rows",
    "--resolve",
    "--",
)


def changed(rng: random.Random, content: bytes) -> bytes:
    """Make one to four changes: bytes, words, lines; moved, doubled, lost, or replaced."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        start = rng.randrange(len(content) + 1)
        stop = min(len(content), start + rng.choice((0, 1, 1, 2, 5, 20)))
        token = rng.choice(TOKENS)
        match rng.randrange(8):
            case 0:
                content = content[:start] + token + content[start:]
            case 1:
                content = content[:start] + token + content[stop:]
            case 2:
                content = content[:start] + content[stop:]
            case 3:
                content = content[:stop] + content[start:]
            case 4:
                content = content[:start] + bytes([rng.randrange(256)]) + content[start + 1 :]
            case 5:
                content = content[:start]
            case 6:
                lines = content.splitlines(keepends=True) or [b""]
                lines[rng.randrange(len(lines))] = rng.choice(lines)
                content = b"".join(lines)
            case _:
                words = content.split(b",")
                words[rng.randrange(len(words))] = token
                content = b",".join(words)
    return content


# What may be said of a table's splits beside fractions.
SPLITS: tuple[dict[str, Any], ...] = (
    *({"folds": None, "fold": None},) * 3,
    {"folds": 3, "fold": 1},
    {"folds": None, "fold": None, "group": "b"},
    {"folds": None, "fold": None, "order": "b"},
    {"folds": None, "fold": None, "split": "a"},
    {"folds": 2, "fold": 0, "group": "a"},
    {"folds": 2, "fold": 1, "order": "a"},
)


def table(rng: random.Random, folder: Path) -> tuple[str, str]:
    """Read a changed table; return how it ended and what is wrong with that."""
    path = folder / "t.csv"
    path.write_bytes(changed(rng, rng.choice(TABLES).encode()))
    target = rng.choice("yyyyya")
    options = Options(
        target=target,
        task=rng.choice(("auto", "auto", "auto", "regression", "classification")),
        features=None,
        drop=rng.choice(([], [], [], ["b"])),
        categorical=rng.choice(([], [], [], ["a"])),
        missing=rng.choice(("mean", "median", "drop", "error")),
        missing_values=["NA", "nan"],
        keep_default_na=rng.random() < 0.5,
        missing_indicator=rng.random() < 0.3,
        decimal=rng.choice("...,"),
        thousands=rng.choice((None, None, None, "space", "'")),
        date_format=None,
        max_categories=rng.choice((2, 50)),
        standardise=rng.random() < 0.8,
        standardise_target=rng.random() < 0.8,
        log_target=rng.random() < 0.1,
        val_fraction=rng.choice((0, 0.15)),
        test_fraction=rng.choice((0, 0.15)),
        stratify=rng.random() < 0.5,
        weight=rng.choice((None, None, None, None, "b" if target == "a" else "a")),
        **dict.fromkeys(("group", "order", "split", "val_path", "test_path")) | rng.choice(SPLITS),
        delimiter=rng.choice((",", None, None, None, ";")),
        encoding=None,
        skip_rows=0,
        comment=None,
        header="row",
        sheet=None,
        url=None,
        query=None,
        seed=0,
    )
    try:
        data = tabular(
            "t", path=str(path), options=options, dtype=rng.choice(("float32", "float64"))
        )
    except ValueError as error:
        return "refused", "" if type(error) is ValueError else f"{error!r}"
    return "accepted", unsound(data)


def unsound(data: Dataset) -> str:
    """Say in what a data set is not what training needs."""
    names, rows = data.feature_names, [len(split) for split in data.splits.values()]
    if not names or len(set(names)) < len(names) or not rows[0]:
        return f"features {names}, rows {rows}"
    for name, split in data.splits.items():
        if split.inputs.shape != (len(split), len(names)) or not np.isfinite(split.inputs).all():
            return f"{name}: inputs are not finite, or {split.inputs.shape}"
        if data.class_names and not set(split.targets) <= set(range(len(data.class_names))):
            return f"{name}: targets beyond the classes"
        if not np.isfinite(split.targets).all():
            return f"{name}: targets are not finite"
    numbers = [
        x for column in data.columns for x in (column.mean, column.deviation, column.imputed)
    ]
    return "" if all(x is None or np.isfinite(x) for x in numbers) else f"columns: {data.columns}"


def config(rng: random.Random, folder: Path) -> tuple[str, str]:
    """Compose a changed config file; return how it ended and what is wrong with that."""
    name, content, words, primary = rng.choice(CONFIGS)
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(changed(rng, content.encode()))
    try:
        run = load(words, config_dir=folder, config_name=primary)
    except ConfigError as error:
        right = type(error) is ConfigError and all(line.strip() for line in error.lines)
        return "refused", "" if right and error.lines else f"{error!r}"
    again, problems = run_config(as_dict(run))
    return "accepted", "" if again == run else f"reads back as {problems or again}"


PIXELS = bytes(range(256)) * 10
IMAGES = b"".join(word.to_bytes(4, "big") for word in (0x803, 3, 28, 28)) + PIXELS[: 3 * 784]
FILE = IdxFile("train-images", hashlib.sha256(IMAGES).hexdigest(), 3)
WRAPPED = gzip.compress(IMAGES, mtime=0)


def image(rng: random.Random, folder: Path) -> tuple[str, str]:
    """Read a changed file of images; return how it ended and what is wrong with that."""
    wrapped = rng.random() < 0.6
    path = folder / ("images.gz" if wrapped else "images")
    path.write_bytes(changed(rng, WRAPPED if wrapped else IMAGES))
    try:
        content = read_idx(path, FILE)
    except ValueError as error:
        return "refused", "" if type(error) is ValueError else f"{error!r}"
    return "accepted", "" if content == IMAGES else "content differs"


def line(rng: random.Random) -> list[str]:
    """Make a command line, none of which trains."""
    words = list(rng.choice(VERBS))
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5))):
        key, value = rng.choice(KEYS), rng.choice(VALUES)
        match rng.randrange(10):
            case 0 | 1:
                words.append(rng.choice(CHOICES))
            case 2:
                words.append(f"{rng.choice(GROUPS)}={value}")
            case 3:
                words.append(rng.choice((value, rng.choice(FLAGS), key)))
            case 4:  # a slip of the finger
                place = rng.randrange(len(key))
                words.append(f"{key[:place]}{rng.choice('aé.=/ ')}{key[place + 1 :]}={value}")
            case _:
                words.append(f"{key}={value}")
    if rng.random() < 0.1:
        rng.shuffle(words)
    # Whatever came of it, nothing is to be trained.
    return words if trains_nothing(words) else ["--cfg", "job", *words]


def trains_nothing(words: Sequence[str]) -> bool:
    """Tell whether a command line has what keeps it from training."""
    return words[0] in ("data", "config", "runs") or (
        words[:2] in (["--cfg", "job"], ["-m", "--dry-run"])
    )


def command(rng: random.Random, folder: Path) -> tuple[str, str]:
    """Carry out a command line; return how it ended and what is wrong with that."""
    words = line(rng)
    with standing_in({}) as root:
        before = listing(root)
        shown = carried_out(words)
        unchanged = listing(root) == before
    faults = [] if unchanged else ["changed the file tree"]
    if shown.code != 0:
        faults += faults_of(shown)
    elif shown.err or not shown.out:
        faults.append(f"prints {shown.out[:100]!r}, says {shown.err[:300]!r}")
    fault = f"{'; '.join(faults)}: {words!r:.400}" if faults else ""
    return "accepted" if shown.code == 0 else "refused", fault


Try = Callable[[random.Random, Path], tuple[str, str]]
# Of 20 inputs, how many are of each kind; a table costs about 5 ms, a command 60 ms.
SHARES: list[tuple[Try, int]] = [(table, 8), (image, 5), (config, 4), (command, 3)]
TURNS: list[Try] = [kind for kind, share in SHARES for _ in range(share)]


def prove(amount: int | None, seed: int = 0) -> Report:
    """Try generated inputs.

    Args:
        amount: How many; None: 2,000.
        seed: Decides each of them, together with its number.
    """
    amount = 2000 if amount is None else amount
    wrong: list[str] = []
    ends: collections.Counter[str] = collections.Counter()
    slowest = (0.0, "")
    for index in range(amount):
        kind = TURNS[index % len(TURNS)]
        what = f"{kind.__name__} {index} of seed {seed}"
        began = time.process_time()
        end, fault = one(kind, index, seed)
        seconds = time.process_time() - began
        slowest = max(slowest, (seconds, what))
        if seconds > MAX_SECONDS:
            fault = fault or f"took {seconds:.1f} s"
        wrong += [f"{what}: {fault}"] if fault else []
        ends[f"{kind.__name__} {end}"] += 1
    notes = [", ".join(f"{count} {end}" for end, count in sorted(ends.items()))]
    notes.append(f"slowest: {slowest[0]:.2f} s, {slowest[1]}")
    return Report("malformed inputs, generated", amount, wrong, notes)


def one(kind: Try, index: int, seed: int) -> tuple[str, str]:
    """Try the input of this number; return how it ended and what is wrong with that."""
    rng = random.Random(f"{seed}/{index}")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            if kind is command:  # it watches itself
                return kind(rng, Path(folder))
            with ending_in(LONGEST):
                return kind(rng, Path(folder))
        except HungError as error:
            return "hung", str(error)
        except Exception as error:  # what is no refusal is what we are looking for
            return "raised", f"{error!r:.400}"


if __name__ == "__main__":
    report = prove(int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 0)
    print(*report.notes, *report.wrong, f"{len(report.wrong)} wrong of {report.tried}", sep="\n")
