"""``load``: from words and YAML files to a checked config, or one line per problem."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dltrain.config.compose import CONF, Sources
from dltrain.config.data_schema import CsvConfig, FashionMnistConfig
from dltrain.config.load import load, set_value, sweep_settings
from dltrain.config.overrides import Overrides
from dltrain.config.plain import as_dict
from dltrain.config.resolve import resolve
from dltrain.config.schema import AdamConfig, LeastSquaresConfig, MlpConfig, SweepConfig
from tests.config.conftest import HOUSE, SGD, Write, refusal, refused

# What is composed.


def test_nothing_said_is_linear_regression_on_synthetic_data() -> None:
    run = load()
    kinds = (run.data.kind, run.model.kind, run.optimizer.kind)
    assert kinds == ("synthetic", "linear", "sgd")
    assert (run.seed, run.output_dir, run.expect) == (0, "outputs", [])


def test_choices_decide_classes_and_values_their_fields() -> None:
    run = load(["model=mlp", "model.hidden=[8,4]", "optimizer=adam", "optimizer.lr=3"])
    assert isinstance(run.model, MlpConfig)
    assert isinstance(run.optimizer, AdamConfig)
    assert (run.model.hidden, run.optimizer.lr) == ([8, 4], 3.0)


def test_data_recommends_and_the_command_line_has_the_last_word() -> None:
    assert load(["data=fashion_mnist", "model=softmax"]).trainer.batch_size == 256
    words = ["data=fashion_mnist", "model=softmax", "trainer.batch_size=7"]
    assert load(words).trainer.batch_size == 7
    assert load(list(reversed(words))).trainer.batch_size == 7


def test_least_squares_takes_one_step_over_all_rows() -> None:
    run = load(["optimizer=least_squares"])
    assert isinstance(run.optimizer, LeastSquaresConfig)
    assert (run.trainer.epochs, run.trainer.batch_size) == (1, None)


def test_loading_again_starts_from_the_files() -> None:
    load(["data.w=[9]", "seed=9"])
    assert load() == load([])
    assert load().seed == 0


def test_set_value_follows_dots() -> None:
    config = {"a": {"b": {"c": 1}}}
    set_value(config, "a.b.c", 2)
    assert config == {"a": {"b": {"c": 2}}}


# What is refused, word by word.


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("optimizer.lr=fast", "optimizer.lr=fast (command line): must be a number: learning rate"),
        ("optimizer.lr=true", "optimizer.lr=true (command line): must be a number: learning rate"),
        ("optimizer.lr=", "optimizer.lr='' (command line): must be a number: learning rate"),
        ("optimizer.lr=-1", "optimizer.lr=-1 (command line): must be at least 0: learning rate"),
        (
            "optimizer.lr=nan",
            "optimizer.lr=nan (command line): must be a finite number: learning rate",
        ),
        (
            "trainer.epochs=1.5",
            "trainer.epochs=1.5 (command line): must be a whole number or null (epochs): "
            "passes over the training rows; null: what trainer.steps takes",
        ),
        (
            "seed=true",
            "seed=true (command line): must be a whole number: "
            "fixes initial weights, order of rows and dropout",
        ),
        (
            "data.w=2",
            "data.w=2 (command line): must be a list, such as data.w=[2]: "
            "true weights, one per feature",
        ),
        (
            "data.w=[]",
            "data.w=[] (command line): needs at least 1 value(s): true weights, one per feature",
        ),
        (
            "data.w=[1,nan]",
            "data.w=[1,nan] (command line): must be a list of finite numbers: "
            "true weights, one per feature",
        ),
        (
            "optimizer.nesterov=1",
            "optimizer.nesterov=1 (command line): must be true or false: "
            "look ahead along the momentum",
        ),
        (
            "device.type=gpu",
            "device.type=gpu (command line): must be one of auto, cpu, cuda: "
            "auto takes the GPU if there is one",
        ),
        (
            "trainer.max_grad_norm=0",
            "trainer.max_grad_norm=0 (command line): must be greater than 0: "
            "clip the gradient's L2 norm to this; null: never",
        ),
        ("optimzer.lr=1", "optimzer.lr (command line): unknown key; did you mean optimizer.lr?"),
        ("lr=1", "lr (command line): unknown key; did you mean optimizer.lr?"),
        (
            "optimizer.betas=[0,0]",
            "optimizer.betas (command line): "
            "optimizer=sgd has no betas; optimizer=adam or adamw has one",
        ),
        (
            "model=mpl",
            "model=mpl: no such choice; did you mean mlp? (there are: linear, mlp, softmax)",
        ),
        (
            "device=gpu",
            "device=gpu: no such choice; did you mean cpu? (there are: auto, cpu, cuda)",
        ),
        (
            "+seed=1",
            "+seed=1: keys are fixed, so + and ~ have no use here; write seed=VALUE",
        ),
        (
            "hydra.run.dir=x",
            "hydra.run.dir=x: Hydra's own settings are not used; "
            "output_dir=FOLDER says where runs go",
        ),
        (
            "seed=${oc.env:SECRET}",
            "seed=${oc.env:SECRET} (command line): interpolations are not supported: a run records "
            "what it was told, and nothing may enter unseen; write the value itself, or let the "
            'shell fill it in: "$NAME"',
        ),
        (
            "sweep.repeat=3",
            "sweep.repeat (command line): has an effect in a sweep only; add -m",
        ),
        ("sweep.repeet=3", "sweep.repeet (command line): unknown key; did you mean sweep.repeat?"),
        (
            "seed=1,2",
            "seed=1,2: this is a list of values, and one run takes one value; "
            "add -m to train them all (or quote it if the comma belongs to it: 'seed=\"1,2\"')",
        ),
        (
            "output_dir=/dev/full/x",
            "output_dir=/dev/full/x (command line): /dev/full is a file; give a folder",
        ),
    ],
)
def test_a_word_that_cannot_be_used_is_one_line(
    word: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    told = refusal(word)
    if word.startswith("optimizer.betas"):  # the place may be left out
        assert told.endswith(line.partition(": ")[2])
    else:
        assert told == line


@pytest.mark.parametrize("text", ["inf", "-inf", "1e400", "-1e400"])
def test_what_is_not_finite_is_no_number(text: str) -> None:
    assert "must be a" in refusal(f"data.b={text}")


def test_all_problems_are_told_at_once() -> None:
    lines = refused(
        "model=mlp", "optimizr=adam", "device=gpu", "optimizer.lr=-1", "seed=x", "foo=1", "~data"
    )
    starts = ["device=gpu:", "~data:", "optimizr ", "foo ", "optimizer.lr=-1 ", "seed=x "]
    assert [next(s for s in starts if line.startswith(s)) for line in lines] == starts


def test_keys_of_a_choice_that_does_not_exist_are_not_judged() -> None:
    assert refusal("model=mpl", "model.hidden=[8]").startswith("model=mpl: ")


def test_a_problem_is_told_once() -> None:
    assert len(refused("seed=x", "seed=x", "+a=1", "+a=1")) == 4


# What a sweep is told.


def settings(*words: str, config_dir: Path | None = None) -> tuple[SweepConfig | None, list[str]]:
    sources = Sources.of(config_dir)
    return sweep_settings(resolve(Overrides.parse(words), sources.groups, sweeping=True), sources)


def test_what_a_sweep_is_told_is_no_part_of_a_run() -> None:
    assert not hasattr(load(), "sweep")
    assert "sweep" not in as_dict(load())


def test_a_sweep_that_is_told_nothing_follows_its_file() -> None:
    found, lines = settings()
    assert lines == []
    assert as_dict(found) == yaml.safe_load((CONF / "sweep/default.yaml").read_text())


def test_what_a_sweep_is_told_has_the_last_word() -> None:
    found, lines = settings("sweep.repeat=3", "sweep.zip=[a,b]", "sweep.metric=7", "seed=1,2")
    assert lines == []
    assert found is not None
    assert (found.repeat, found.zip, found.metric) == (3, ["a", "b"], "7")


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("sweep.repeet=3", "sweep.repeet (command line): unknown key; did you mean sweep.repeat?"),
        (
            "sweep.repeat=0",
            "sweep.repeat=0 (command line): must be at least 1 and at most 100,000: "
            "runs per setting, with seed, seed + 1, ...",
        ),
        (
            "sweep.on_error=panic",
            "sweep.on_error=panic (command line): must be one of continue, stop: "
            "after a failure: go on with the other members, or stop",
        ),
        ("sweep.repeat=1,2", "sweep.repeat (command line): a sweep takes one value"),
    ],
)
def test_what_a_sweep_cannot_be_told_is_one_line(word: str, line: str) -> None:
    assert settings(word) == (None, [line])


def test_a_problem_in_a_sweeps_file_names_file_and_line(write: Write) -> None:
    folder = write("sweep/mine.yaml", "defaults: [default]\nrepeat: 0\n")
    found, [line] = settings("sweep=mine", config_dir=folder)
    assert found is None
    assert line.startswith(f"sweep.repeat=0 ({folder}/sweep/mine.yaml:2): must be at least 1")


def test_who_only_looks_at_data_need_not_fit_a_model() -> None:
    assert load(["model=softmax"], fitting=False).model.kind == "softmax"


# Text that is taken as typed.


@pytest.mark.parametrize(
    "name", ["a b, (c)~.csv", "(1).csv", "a=b.csv", "[x].csv", "it's.csv", "007", "ü ~.csv"]
)
def test_paths_are_taken_as_typed(here: Path, name: str) -> None:
    (here / name).write_text("a,y\n1,2\n")
    data = load(["data=csv", "data.target=y", f"data.path={name}"]).data
    assert isinstance(data, CsvConfig)
    assert data.path == name


@pytest.mark.parametrize("name", ["007", "1.50", "true", "[red]", "a b", "${", "null_"])
def test_a_target_is_taken_as_typed(name: str) -> None:
    if name == "${":
        assert "interpolations" in refusal(*HOUSE[:2], f"data.target={name}")
        return
    data = load([*HOUSE[:2], f"data.target={name}"]).data
    assert isinstance(data, CsvConfig)
    assert data.target == name


def test_a_path_with_a_bare_comma_is_to_be_quoted(here: Path) -> None:
    (here / "a,b.csv").write_text("a,y\n1,2\n")
    words = ["data=csv", "data.target=y"]
    assert refused(*words, "data.path=a,b.csv")[0].endswith("'data.path=\"a,b.csv\"')")
    data = load([*words, 'data.path="a,b.csv"']).data
    assert isinstance(data, CsvConfig)
    assert data.path == "a,b.csv"


def test_null_leaves_a_path_open() -> None:
    data = load(["model=softmax", "data=fashion_mnist", "data.root=null"]).data
    assert isinstance(data, FashionMnistConfig)
    assert data.root is None


def test_a_problem_in_a_file_names_file_and_line(write: Write) -> None:
    folder = write("optimizer/mine.yaml", "# mine\n" + SGD.format(lr=-1))
    assert refusal("optimizer=mine", config_dir=folder) == (
        f"optimizer.lr=-1 ({folder}/optimizer/mine.yaml:3): must be at least 0: learning rate"
    )


def test_the_command_line_mends_a_file(write: Write) -> None:
    folder = write("optimizer/mine.yaml", SGD.format(lr=-1))
    assert load(["optimizer=mine", "optimizer.lr=1"], config_dir=folder)


def test_an_experiment_may_set_anything_known(write: Write) -> None:
    folder = write(
        "experiment/mine.yaml",
        "# @package _global_\ndefaults:\n  - override /model: mlp\n"
        "trainer:\n  epochs: 0\nmodel:\n  hiden: [4]\nfoo: 1\n",
    )
    place = f"{folder}/experiment/mine.yaml"
    assert refused("experiment=mine", config_dir=folder) == [
        f"foo=1 ({place}:8): unknown key",
        f"model.hiden=[4] ({place}:7): unknown key; did you mean hidden?",
        f"trainer.epochs=0 ({place}:5): must be at least 1 and at most 10,000,000: "
        "passes over the training rows; null: what trainer.steps takes",
    ]


def test_a_file_of_ones_own_may_build_on_a_shipped_one(write: Write) -> None:
    folder = write(
        "data/mine.yaml",
        "# @package _global_\ndefaults:\n  - csv\ndata:\n"
        "  path: package:house_tiny.csv\n  target: Price\n",
    )
    data = load(["data=mine"], config_dir=folder).data
    assert isinstance(data, CsvConfig)
    assert (data.target, data.missing) == ("Price", "mean")


@pytest.mark.parametrize("text", ["a: [\n", "a: \x01\n", "- a\n", "a: 1\na: 2\n", "\tb: 1\n"])
def test_a_file_that_is_no_config_is_refused(write: Write, text: str) -> None:
    folder = write("experiment/mine.yaml", f"# @package _global_\n{text}")
    assert refusal("experiment=mine", config_dir=folder)


@pytest.mark.parametrize("text", ["model.yaml", "oc.env:SECRET"])
def test_interpolations_in_files_are_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    folder = write("optimizer/mine.yaml", SGD.format(lr=f"${{{text}}}"))
    assert refusal("optimizer=mine", config_dir=folder) == (
        f"optimizer.lr=${{{text}}} ({folder}/optimizer/mine.yaml:2): "
        "interpolations are not supported: a run records what it was told, and nothing may enter "
        'unseen; write the value itself, or let the shell fill it in: "$NAME"'
    )


def test_a_choice_in_a_file_does_not_tell_the_environment(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    folder = write(
        "experiment/mine.yaml",
        "# @package _global_\ndefaults:\n  - override /model: ${oc.env:SECRET}\n",
    )
    assert "hunter2" not in refusal("experiment=mine", config_dir=folder)


def test_code_named_in_a_file_is_an_unknown_key(write: Write) -> None:
    folder = write("model/mine.yaml", "_target_: os.system\nkind: linear\ninit: he\ninit_std: 1\n")
    assert refusal("model=mine", config_dir=folder) == (
        f"model._target_=os.system ({folder}/model/mine.yaml:1): unknown key"
    )


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_bytes(b"seed: \xff\n")
    with pytest.raises(ValueError, match=r"mine\.yaml"):
        load(["experiment=mine"], config_dir=tmp_path)


def test_no_experiment_may_be_chosen() -> None:
    assert load(["experiment=null"]) == load()


def test_an_expectation_from_the_command_line_is_placed_there() -> None:
    word = "expect=[{metric:a,published:1,low:2,high:1,source:b}]"
    assert "command line" in refusal(word)


# What files lack, and how they lead in circles.


def test_an_experiment_without_its_package_says_which_line_to_add(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    file = tmp_path / "experiment" / "mine.yaml"
    file.write_text("trainer:\n  epochs: 3\n")
    assert refused("experiment=mine", config_dir=tmp_path) == [
        f"{file}: sets experiment.*, which nothing reads; add the line `# @package _global_` at "
        "its top"
    ]
    (tmp_path / "experiment" / "mended.yaml").write_text(f"# @package _global_\n{file.read_text()}")
    assert load(["experiment=mended"], config_dir=tmp_path).trainer.epochs == 3


def test_a_key_that_stands_twice_in_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "optimizer").mkdir()
    file = tmp_path / "optimizer" / "mine.yaml"
    file.write_text("defaults: [sgd]\nlr: 0.1\nlr: 0.2\n")
    assert refused("optimizer=mine", config_dir=tmp_path) == [
        f"{file}:3: lr is set twice, to 0.1 (line 2) and 0.2; keep one"
    ]


@pytest.mark.parametrize(
    "word", ["penalty=l1", "+penalty=l1", "++penalty=l1", "~penalty", "penalty@x=l1"]
)
def test_a_guess_that_exists_nowhere_is_told_so(word: str) -> None:
    [line] = refused(word)
    assert "dltrain config show lists the keys there are" in line
    assert "rate=VALUE" not in line


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("loss=l1", "(there are: auto, cross_entropy, squared_error)"),
        ("loss=crossentropy", "did you mean cross_entropy?"),
        ("+loss=l1", "write loss=VALUE"),
        ("~loss", "write loss=VALUE"),
        ("loss@x=l1", "write loss=CHOICE"),
    ],
)
def test_a_loss_that_is_none_is_answered_with_those_there_are(word: str, advice: str) -> None:
    [line] = refused(word)
    assert advice in line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["loss=cross_entropy"],
            "loss=cross_entropy judges classes, but data=synthetic asks for numbers; "
            "use loss=auto or loss=squared_error",
        ),
        (
            ["loss=squared_error", "data=fashion_mnist", "model=mlp"],
            "loss=squared_error judges numbers, but data=fashion_mnist asks for classes; "
            "use loss=auto or loss=cross_entropy",
        ),
        (  # what the table asks for is not known before it is read
            ["loss=squared_error", "data=csv", "data.path=t.csv", "data.target=y", "model=softmax"],
            "loss=squared_error judges numbers, but model=softmax predicts classes; "
            "use loss=auto or loss=cross_entropy",
        ),
        (
            ["loss=squared_error", "optimizer=least_squares"],
            None,
        ),
    ],
)
def test_a_loss_must_judge_what_is_asked_for(
    words: list[str], line: str | None, here: Path
) -> None:
    Path("t.csv").write_text("x,y\n1,2\n3,4\n")
    if line is None:
        load(words)
    else:
        assert refused(*words) == [line]
