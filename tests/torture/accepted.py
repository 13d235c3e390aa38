"""Inputs that look malformed and are not: refusing everything is no way to pass."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Iterator, Sequence

from tests.torture.listed_config import GLOBAL, SGD, nested
from tests.torture.listed_tables import CSV, numbers, text
from tests.torture.refusal import Case, Content, fifo, link, short

# What is typed, and what then stands in the config.
LINES: list[tuple[str, str]] = [
    ("seed=4294967295", "seed: 4294967295"),
    ("seed=1_000", "seed: 1000"),
    ("seed=-0", "seed: 0"),
    ("seed= 7 ", "seed: 7"),
    ("optimizer.lr=1", "lr: 1.0"),
    ("optimizer.lr=1e-3", "lr: 0.001"),
    ("optimizer.lr=.5", "lr: 0.5"),
    ("optimizer.lr=0", "lr: 0.0"),
    ("optimizer.lr=1e300", "lr: 1.0e+300"),
    ("optimizer.nesterov=false", "nesterov: false"),
    ("trainer.batch_size=null", "batch_size: null"),
    ("trainer.epochs=10000000", "epochs: 10000000"),
    ("model=mlp ", "kind: mlp"),
    ("model= mlp", "kind: mlp"),
    ("model='mlp'", "kind: mlp"),
    ("experiment=null", "kind: linear"),
    ("data.w=[1]", "w:"),
    ("data.w=[1,-2,3e-9]", "- 3.0e-09"),
    ("data.w=[ 1 , 2 ]", "w:"),
    ("data.name=007", "name: '007'"),
    ("data.name=true", "name: 'true'"),
    ("data.name=1e3", "name: 1e3"),
    ("data.name=a=b", "name: a=b"),
    ("data.name=[/x]", "name: '[/x]'"),
    ("data.name=???", "name: ???"),
    ("data.name==1+1", "name: =1+1"),
    ("data.name=ｓｏｆｔ", "name: ｓｏｆｔ"),  # noqa: RUF001
    ("data.name=\u202ea", "name: "),
    ("data.name=$HOME", "name: $HOME"),
    ("data.name={a", "name: '{a'"),
    ("output_dir=a b (1)", "output_dir: a b (1)"),
    ("output_dir=[a]", "output_dir: '[a]'"),
    ("output_dir=~nobody9", "output_dir: ~nobody9"),
    ("output_dir=it's", "output_dir: it's"),
    ("output_dir=a/../b/./c/", "output_dir: a/../b/./c/"),
    ("output_dir=-", "output_dir: '-'"),
    (f"output_dir={'x' * 200}/{'y' * 200}", "output_dir: xxx"),
    ("expect=[{metric:a,published:1,low:1,high:1,source:'b c'}]", "source: b c"),
]

# Words of a sweep, and what its plan then says.
SWEPT: list[tuple[str, str]] = [
    ("seed=range(3)", "members    3"),
    ("seed=range(0,10,3)", "members    4"),
    ("seed=5,5,5", "members    1"),
    ("seed=sort(3,1,2)", "members    3"),
    ("seed=shuffle(range(4))", "members    4"),
    ("optimizer.lr=range(0.1,0.35,0.1)", "members    3"),
    ("optimizer=glob(adam*)", "members    2"),
    ("optimizer.lr=choice(0.1,0.2)", "members    2"),
    ("seed=range(3,0,-1)", "members    3"),
    ("seed=7", "members    1"),
]

# What only informs, and what it prints.
HYDRA: list[tuple[str, str]] = [
    ("--info", "Config search path"),
    ("--info searchpath model=mlp", "Config search path"),
    ("model=mlp --info defaults", "model/mlp"),
    ("--info defaults-tree data=csv", "csv"),
    ("-i plugins", "Installed Hydra Plugins"),
    ("--cfg hydra", "hydra:"),
    ("--cfg all model=mlp", "kind: mlp"),
    ("model=mlp --cfg all", "kind: mlp"),
    ("--cfg all seed=7", "seed: 7"),
    ("--cfg hydra --package hydra.run", "dir:"),
    ("-sc install=bash", "complete"),
    ("--shell-completion uninstall=fish", "complete"),
]

# A file of the group optimizer, chosen as optimizer=own.
FILES: list[tuple[str, Content]] = [
    ("as it should be", SGD),
    ("a byte order mark", "\ufeff" + SGD),
    ("line ends of Windows", SGD.replace("\n", "\r\n")),
    ("no last line end", SGD.rstrip()),
    ("a document's beginning and end", f"---\n{SGD}...\n"),
    ("comments in Greek", f"# ρυθμός μάθησης\n{SGD}"),
    ("100,000 lines of comment", "# more\n" * 100_000 + SGD),
    ("braces", "{kind: sgd, lr: 0.1, momentum: 0.0, nesterov: false, weight_decay: 0.0}"),
    ("JSON", '{"kind": "sgd", "lr": 0.1, "momentum": 0, "nesterov": false, "weight_decay": 0}'),
    (
        "an anchor and its alias",
        SGD.replace("0.1", "&zero 0.0").replace("decay: 0.0", "decay: *zero"),
    ),
    ("a number without a point", SGD.replace("0.1", "1")),
    ("an exponent without a point", SGD.replace("0.1", "1e-3")),
    ("a capital letter", SGD.replace("false", "False")),
    ("keys in quotes", SGD.replace("lr:", '"lr":')),
    ("a link", link("../../elsewhere.yaml")),
    ("defaults of the shipped one", "defaults: [sgd, _self_]\nlr: 0.5\n"),
]

# A table, t.csv, and words.
TABLES: list[tuple[str, Content, Sequence[str]]] = [
    ("as it should be", text(numbers()), []),
    ("a byte order mark", "\ufeff" + text(numbers()), []),
    ("line ends of Windows", text(numbers()).replace("\n", "\r\n"), []),
    ("no last line end", text(numbers()).rstrip(), []),
    ("UTF-16", text(numbers()).encode("utf-16"), []),
    ("UTF-32", text(numbers()).encode("utf-32"), []),
    ("gzip", gzip.compress(text(numbers()).encode()), []),
    ("xz", lzma.compress(text(numbers()).encode()), []),
    ("comments", "# one\n" + text(numbers()) + "# two\n", ["data.comment=#"]),
    ("a preamble", "one\n\n" + text(numbers()), ["data.skip_rows=1"]),
    ("empty lines", text(numbers()).replace("\n", "\n\n"), []),
    ("semicolons", text(numbers()).replace(",", ";"), ["data.delimiter=;"]),
    ("tabs", text(numbers()).replace(",", "\t"), ["data.delimiter=\\t"]),
    ("bars", text(numbers()).replace(",", "|"), ["data.delimiter='|'"]),
    (
        "blanks around numbers",
        text(numbers()).replace(",", " , ").replace("a , b , y", "a,b,y"),
        [],
    ),
    ("markup for a name", text(numbers(columns="[/x],[bold],y")), []),
    ("interpolations for names", text(numbers(columns="${oc.env:HOME},${a},y")), []),
    ("question marks for a name", text(numbers(columns="???,??,y")), []),
    ("formulas for names", text(numbers(columns="=1+1,@b,y")), []),
    ("an escape for a name", text(numbers(columns="\x1b[31ma,b\x07,y")), []),
    ("a mark that turns text round", text(numbers(columns="\u202ea,b,y")), []),
    ("numbers for names", text(numbers(columns="1,2,y")), []),
    ("names in quotes", text(numbers()).replace("a,b,y", '"a","b, c","y"'), []),
    ("a name of two lines", text(numbers()).replace("a,b,y", '"a\nb",b,y'), []),
    (
        "all cells in quotes",
        '"' + text(numbers()).rstrip().replace(",", '","').replace("\n", '"\n"') + '"\n',
        [],
    ),
    ("quotes within quotes", "a,y\n" + '"he said ""no""",1.5\nyes,2.5\n' * 6, []),
    ("commas within quotes", "a,y\n" + '"one, two",1.5\n"two, one",2.5\n' * 6, []),
    ("lines within quotes", "a,y\n" + '"one\ntwo",1.5\nthree,2.5\n' * 6, []),
    ("missing numbers", text(numbers()).replace("\n4", "\n"), []),
    ("missing numbers by name", text(numbers()).replace("\n4.5", "\nNA"), []),
    ("nan for a missing number", text(numbers()).replace("\n4.5", "\nnan"), []),
    (
        "a stray text that is named",
        text(numbers()).replace("\n4.5", "\nx"),
        ["data.missing_values=[x]"],
    ),
    ("infinity in a dropped column", text(numbers()).replace("\n4.5", "\ninf"), ["data.drop=[a]"]),
    ("large numbers", text(numbers()).replace("\n4.5", "\n1e100"), []),
    ("tiny numbers", text(numbers()).replace("\n4.5", "\n1e-320"), []),
    ("a minus zero", text(numbers()).replace("\n4.5", "\n-0"), []),
    ("zeros before numbers", text(numbers()).replace("\n4.5", "\n0004.5"), []),
    ("truth", "a,y\n" + "true,1.5\nFALSE,2.5\n" * 6, []),
    ("classes in quotes", "a,y\n" + '1,"red, dark"\n2,blue\n' * 6, []),
    ("classes of numbers", "a,y\n" + "1,3\n2,4\n" * 9, []),
    ("one feature", "a,y\n" + "1,1.5\n2,2.5\n" * 6, []),
    ("a constant column", "a,b,y\n" + "1,3,1.5\n2,3,2.5\n" * 6, []),
    ("100 columns", text(numbers(columns=",".join([*(f"c{i}" for i in range(100)), "y"]))), []),
    ("a cell of 100,000 letters", f"a,b,y\n{'x' * 100_000},1,2.5\n" + "z,2,3.5\n" * 9, []),
    ("two rows", "a,y\n1,1.5\n2,2.5\n", ["data.val_fraction=0", "data.test_fraction=0"]),
    ("a link", link("elsewhere.csv"), []),
]

# Names that a table may have.
NAMES = [
    "a b.csv",
    "it's.csv",
    "a (1).csv",
    "a=b.csv",
    "t.csv.gz",
    "t",
    ".csv",
    "[/x].csv",
    "größe.csv",
]


def cases() -> Iterator[Case]:
    """Yield what is to be accepted; ``says`` is what the command then prints."""
    for word, says in LINES:
        yield Case(f"accepted: {short(word)}", ["--cfg", "job", word], says)
    for word, says in SWEPT:
        yield Case(f"accepted: -m {word}", ["-m", "--dry-run", word], says)
    for line, says in HYDRA:
        yield Case(f"accepted: {line}", line.split(" "), says)
    for what, content in FILES:
        files: dict[str, Content] = {"my conf/optimizer/own.yaml": content, "elsewhere.yaml": SGD}
        # Nobody asks for these.
        files |= {"my conf/model/broken.yaml": "a: [", "my conf/model/pipe.yaml": fifo}
        words = ["--cfg", "job", "--config-dir", "my conf", "optimizer=own"]
        yield Case(f"accepted: a config with {what}", words, "kind: sgd", files)
    experiment = f"{GLOBAL}defaults:\n  - override /model: mlp\ntrainer:\n  epochs: 3\n"
    words = ["--cfg", "job", "--config-dir", "mine", "experiment=a/b/own"]
    yield Case(
        "accepted: an experiment in a folder in a folder",
        words,
        "epochs: 3",
        {"mine/experiment/a/b/own.yaml": experiment},
    )
    words = ["--cfg", "job", "--config-dir", "mine", "--config-name", "own"]
    plain = {"mine/own.yaml": "defaults: [config]\nseed: 7\n"}
    yield Case("accepted: a primary config that does not say _self_", words, "seed: 7", plain)
    deep = {"mine/x.yaml": f"a: {nested(5)}\n"}
    yield Case("accepted: a deep file that is not asked for", words[:4], "kind: linear", deep)
    sweeps = "- {model: mlp, 'model.hidden': [[64], [128, 64]]}\n- {optimizer.lr: [0.1, 0.2]}\n"
    yield Case(
        "accepted: a file of sweeps",
        ["-m", "--dry-run", "sweep.file=s.yaml"],
        "members    4",
        {"s.yaml": sweeps},
    )
    for what, table, told in TABLES:
        files = {"t.csv": table, "elsewhere.csv": text(numbers())}
        yield Case(f"accepted: a table with {what}", [*CSV, *told], "first prepared", files)
    for name in NAMES:
        words = ["data", "data=csv", f"data.path={name}", "data.target=y"]
        yield Case(
            f"accepted: a table called {name}", words, "first prepared", {name: text(numbers())}
        )
