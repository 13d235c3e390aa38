"""Terminal, pictures and page draw what is decided once: of the same sweep they say the same."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import dltrain.report
from dltrain.cli.run_argument import chosen_run
from dltrain.plots import curves as curve_plots
from dltrain.plots import heatmap, key_effects, style
from dltrain.report.contents import report
from dltrain.report.page import harmless
from dltrain.runs.compare.axes import axis_of
from dltrain.runs.compare.comparison import Comparison, compare
from dltrain.runs.compare.curves import MAX_COLOURS, curves_of
from dltrain.runs.compare.digits import written
from dltrain.runs.compare.effects import texts_of
from dltrain.runs.find import find
from dltrain.runs.run import Run
from tests.conftest import Call, write_record

METRIC = "val/loss"
# Value, or the status of a member that has none: (text of each key) -> value or status.
Members = Mapping[tuple[str, ...], float | str]


def write_sweep(
    keys: Sequence[str],
    members: Members,
    *,
    planned: int = 0,
    ratio: float = 2,
    folder: str = "aaaa",
) -> Run:
    """Write the folder of a sweep by hand; the losses of each member fall by a factor."""
    path = Path(f"outputs/2026-01-01_10-00-00_sweep_{folder}")
    for index, (texts, end) in enumerate(members.items()):
        member = path / "members" / f"{index:04d}"
        member.mkdir(parents=True)
        status = end if isinstance(end, str) else "done"
        words = [f"{key}={text}" for key, text in zip(keys, texts, strict=True)]
        last = {"epoch": 3, METRIC: end, "train/loss": end}
        best = {"metric": METRIC, "value": end, "epoch": 3}
        ended = {"final": last, "best": best, "kept": last}
        result: dict[str, Any] = {} if isinstance(end, str) else ended
        member_info: dict[str, Any] = {
            "status": status,
            "overrides": words,
            "config": {},
            "result": result,
        }
        write_record(member / "run.json", member_info)
        value = 1.0 + index if isinstance(end, str) else end
        rows = [f"{n},{value * ratio ** (3 - n)},{value * ratio ** (3 - n)}\n" for n in (1, 2, 3)]
        (member / "metrics.csv").write_text("epoch,train/loss,val/loss\n" + "".join(rows))
    count = planned or len(members)
    info = {"status": "failed", "metric": METRIC, "varying": list(keys), "members": count}
    write_record(path / "sweep.json", info)
    return find(folder, Path("outputs"))


@dataclass(frozen=True)
class Said:
    """What is said of a sweep in the three places."""

    comparison: Comparison
    panels: Mapping[str, Any]  # of the picture, by key
    page: dict[str, Any]
    best: str  # of the terminal
    shown: str

    def blocks(self, kind: str) -> list[dict[str, Any]]:
        sections = self.page["sections"]
        return [block for part in sections for block in part["blocks"] if block["kind"] == kind]

    def table(self, caption: str) -> list[list[Any]]:
        return next((b["rows"] for b in self.blocks("table") if b["caption"] == caption), [])


def say(sweep: Run, call: Call) -> Said:
    comparison = compare([sweep])
    with style.drawing():
        panels = key_effects.draw(comparison.results, metric=METRIC, title="").axes
    page = harmless(vars(report([sweep])))
    best, shown = (call("runs", verb, sweep.short).out for verb in ("best", "show"))
    return Said(comparison, {axes.get_xlabel(): axes for axes in panels}, page, best, shown)


def one_key(key: str, texts: str) -> tuple[list[str], Members]:
    return [key], {(text,): 1.0 + rank for rank, text in enumerate(texts.split())}


SWEEPS: dict[str, tuple[list[str], Members]] = {
    "numbers over decades": one_key("optimizer.lr", "0.001 0.1 0.01"),
    "numbers that double": one_key("trainer.batch_size", "64 128 256"),
    "numbers that do not": one_key("trainer.epochs", "10 20 30"),
    "zero beside decades": one_key("optimizer.weight_decay", "0 1e-4 1e-3"),
    "negative numbers": one_key("data.shift", "1 -1 -100"),
    "words": one_key("model", "softmax linear mlp"),
    "booleans": one_key("optimizer.nesterov", "true false"),
    "lists": one_key("model.hidden", "[64,32] [32]"),
    "null among numbers": one_key("trainer.max_grad_norm", "null 1 0.5"),
    "seeds alone": one_key("seed", "0 1 100"),
    "two keys": (
        ["optimizer.lr", "model"],
        {(lr, m): 1.0 + i + j for i, lr in enumerate(("1", "9")) for j, m in enumerate("ab")},
    ),
    "one that diverged far away": (
        ["optimizer.lr"],
        {("0.1",): 2.0, ("0.2",): 1.0, ("1000",): "diverged"},
    ),
    "losses over decades": (
        ["optimizer.lr"],
        {("0.1",): 0.001, ("0.2",): 1.0, ("0.3",): 0.5},
    ),
    "repeats": (
        ["optimizer.lr", "seed"],
        {(lr, s): float(lr) + 0.1 * int(s) for lr in ("1", "2", "9") for s in "012"},
    ),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", SWEEPS)
def test_the_picture_and_the_page_have_the_same_axes(name: str, call: Call) -> None:
    said = say(write_sweep(*SWEEPS[name]), call)
    effects = {block["key"]: block for block in said.blocks("effect")}
    assert list(effects) == list(said.panels)
    for key, panel in said.panels.items():
        axis = effects[key]["axis"]
        kind = "log" if panel.get_xscale() == "log" else "linear"
        assert axis["kind"] == kind or (kind == "linear" and axis["kind"] == "category")
        labels = [text.get_text() for text in panel.get_xticklabels()]
        if axis["kind"] == "category":
            ranks = [axis["categories"].index(tick) for tick in axis["ticks"]]
            assert (axis["ticks"], ranks) == (labels, list(panel.get_xticks()))
        else:
            assert axis["ticks"] == list(map(float, labels)) == list(panel.get_xticks())
        assert effects[key]["metric_axis"] == panel.get_yscale()
        for line, mean in zip(effects[key]["lines"], means_of(panel), strict=False):
            assert [each["value"] for each in line["means"]] == pytest.approx(mean)
    for block in said.blocks("parallel"):
        kinds = {axis["name"]: axis["kind"] for axis in block["axes"]}
        assert {key: kinds[key] for key in effects if key in kinds} == {
            key: effects[key]["axis"]["kind"] for key in effects if key in kinds
        }


def means_of(panel: Any) -> list[list[float]]:
    lines = [line for line in panel.lines if line.get_marker() == "_"]
    return [[float(y) for y in line.get_ydata()] for line in lines]


def test_what_doubles_is_on_a_logarithmic_axis_in_picture_and_page(here: Path, call: Call) -> None:
    """It was a linear one in the picture."""
    said = say(write_sweep(*SWEEPS["numbers that double"]), call)
    assert said.panels["trainer.batch_size"].get_xscale() == "log"
    [effect] = said.blocks("effect")
    assert effect["axis"] == {
        "name": "trainer.batch_size",
        "kind": "log",
        "categories": [],
        "ticks": [64, 128, 256],
    }


REPEATS: dict[str, tuple[Members, int, str]] = {
    "complete": (
        {
            (lr, s): float(lr) + 0.1 * ((int(s) + i) % 3)
            for i, lr in enumerate(("1", "1.05", "9"))
            for s in "012"
        },
        9,
        "beside the best mean, 1 worse, 1 cannot be told from it",
    ),
    "of one setting only one is finished": (
        {
            **{("1", s): 1.0 + 0.1 * int(s) for s in "012"},
            **{("2", "0"): 2.0, ("2", "1"): "interrupted", ("2", "2"): "interrupted"},
        },
        6,
        "a setting of which only one run is finished cannot be compared",
    ),
    "of one setting only one has begun": (
        {**{("1", s): 1.0 + 0.1 * int(s) for s in "012"}, ("2", "0"): 2.0},
        6,
        "a setting of which only one run is finished cannot be compared",
    ),
    "one setting ran only once": (
        {**{("1", s): 1.0 + 0.1 * int(s) for s in "012"}, ("2", "0"): 2.0},
        4,
        "settings run only once cannot be compared; sweep.repeat=5 runs each five times",
    ),
    "some diverged": (
        {
            **{("1", s): 1.0 + 0.1 * int(s) for s in "012"},
            **{("2", "0"): 0.1, ("2", "1"): 0.2, ("2", "2"): "diverged"},
        },
        6,
        "beside the best mean, 1 unstable",
    ),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", REPEATS)
def test_terminal_and_page_say_the_same_of_repeats(name: str, call: Call) -> None:
    members, planned, sentence = REPEATS[name]
    said = say(write_sweep(["optimizer.lr", "seed"], members, planned=planned), call)
    [noise] = [line for line in said.best.splitlines() if line.startswith("noise ")]
    assert noise.split(None, 1)[1].startswith(sentence)
    paragraphs = [block["text"] for block in said.blocks("paragraph")]
    assert paragraphs[0].lower() == f"{noise.split(None, 1)[1]}.".lower()
    head, *lines = said.best.splitlines()
    assert head.endswith("verdict")
    [table] = [b for b in said.blocks("table") if b["caption"].startswith("Settings with")]
    assert len(table["rows"]) == len({lr for lr, _ in members})
    places = [column.get("places") for column in table["columns"]]
    for row, line in zip(table["rows"], lines, strict=False):
        lr, mean, deviation, count, word = row
        figures = [written(x, n) for x, n in zip((mean, deviation), places[1:], strict=False)]
        assert line.split()[:4] == [f"{lr:g}", *figures, count.split()[0]]
        assert line.endswith(f" {word}")
        explained = f"{word.partition(',')[0]}: "
        assert any(text.lower().startswith(explained) for text in paragraphs)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", [*SWEEPS, *REPEATS])
def test_the_best_member_is_the_same_everywhere(name: str, call: Call) -> None:
    keys, members = SWEEPS.get(name) or (["optimizer.lr", "seed"], REPEATS[name][0])
    said = say(write_sweep(keys, members), call)
    best = said.comparison.best
    assert best is not None
    assert f"member {best.index}" in said.best
    assert any(note.startswith(f"member {best.index},") for _, _, note in said.page["figures"])
    for key, panel in said.panels.items():
        axis = axis_of(key, texts_of(said.comparison.results, key))
        [star] = [line for line in panel.lines if line.get_marker() == "*"]
        assert list(star.get_xdata()) == [axis.positions[best.setting[key]]]
        assert list(star.get_ydata()) == [best.value]


def test_the_best_cell_of_a_heat_map_is_the_best_setting_and_no_unstable_one(
    here: Path, call: Call
) -> None:
    members: Members = {
        **{("1", "a", s): 1.0 for s in "01"}, **{("1", "b", s): 2.0 for s in "01"},
        **{("2", "a", s): 3.0 for s in "01"}, ("2", "b", "0"): 0.1, ("2", "b", "1"): "diverged",
    }  # fmt: skip
    said = say(write_sweep(["optimizer.lr", "model", "seed"], members), call)
    with style.drawing():
        [axes, _] = heatmap.draw(said.comparison.results, metric=METRIC, title="").axes
    [frame] = axes.patches
    x, y = (round(side + 0.5) for side in frame.get_xy())  # type: ignore[attr-defined]
    found = axes.get_xticklabels()[x].get_text(), axes.get_yticklabels()[y].get_text()
    assert set(found) == set(said.comparison.settings[0].setting.values()) == {"1", "a"}


ENDS: Members = {
    ("1",): "diverged", ("2",): 3.0, ("3",): "interrupted", ("4",): 1.0, ("5",): "failed",
    ("6",): 2.0,
}  # fmt: skip


def test_members_stand_in_one_order_in_lists_charts_pictures_and_page(
    here: Path, call: Call
) -> None:
    sweep = write_sweep(["optimizer.lr"], ENDS)
    said = say(sweep, call)
    order = [result.index for result in said.comparison.ranking]
    assert order == [3, 5, 1, 2, 0, 4]  # done by value, what may go on, and what came to nothing
    assert [row[0] for row in said.table("All runs")] == order
    assert [curve.index for curve in curves_of(said.comparison)] == order
    [block] = said.blocks("curves")
    assert [int(run["name"]) for run in block["runs"]] == order
    for shown in (said.shown, call("runs", "compare", sweep.short).out):
        listed = re.findall(rf"^{sweep.short}/(\d)", shown, re.MULTILINE)
        assert [int(number) for number in listed] == order


@pytest.mark.parametrize(("ratio", "kind"), [(2, "linear"), (20, "log")])
def test_learning_curves_have_the_same_axis_everywhere(
    ratio: float, kind: str, here: Path, call: Call
) -> None:
    sweep = write_sweep(*one_key("optimizer.lr", "0.1 0.2"), ratio=ratio)
    said = say(sweep, call)
    [block] = said.blocks("curves")
    assert block["axes"] == {"loss": kind}
    with style.drawing():
        figure: Figure = curve_plots.draw(curves_of(said.comparison), title="")
    assert [axes.get_yscale() for axes in figure.axes] == [kind]
    chart = call("runs", "compare", sweep.short).out
    marks = [float(text) for text in re.findall(r"^ *([\d.e+-]+) \|", chart, re.MULTILINE)][:4]
    gaps = [a / b if kind == "log" else a - b for a, b in itertools.pairwise(marks)]
    assert gaps == pytest.approx([gaps[0]] * 3, rel=0.01)


def test_curves_have_the_same_colours_and_stars_in_picture_and_page(here: Path, call: Call) -> None:
    """Repeats of a setting share a colour, which was so on the page alone."""
    members: Members = {(lr, s): int(lr) + int(s) / 9 for lr in "123456789" for s in "01"}
    said = say(write_sweep(["optimizer.lr", "seed"], members), call)
    [block] = said.blocks("curves")
    with style.drawing():
        figure: Figure = curve_plots.draw(curves_of(said.comparison), title="")
    [axes] = figure.axes
    assert [f"val/{metric}" for metric in block["metrics"]] == [axes.get_ylabel()]
    lines = {line.get_gid(): line.get_color() for line in axes.lines if line.get_gid()}
    grey = "#BBBBBB"
    groups = [run["group"] for run in block["runs"]]
    assert groups.count(None) == 2
    assert [lines[f"val/loss-{rank}"] for rank in range(len(groups))] == [
        grey if group is None else style.COLOURS[group] for group in groups
    ]
    assert block["groups"] == [f"optimizer.lr={lr}" for lr in "12345678"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [*block["groups"], "2 others", "kept epoch"]
    stars = [line for line in axes.lines if line.get_marker() == "*"]
    kept = [run["kept"] for run in block["runs"] if run["group"] is not None]
    assert [float(x) for star in stars for x, _ in np.asarray(star.get_xydata())] == kept


def test_a_pages_light_colours_are_those_of_pictures() -> None:
    css = (Path(dltrain.report.__file__).parent / "assets" / "page.css").read_text()
    first = dict(reversed(re.findall(r"--series-(\d): (#\w{6});", css)))
    assert [first[str(n)].upper() for n in range(MAX_COLOURS)] == list(style.COLOURS)


def test_the_best_has_its_star_in_the_page_where_it_has_it_in_the_picture(
    here: Path, call: Call
) -> None:
    members: Members = {
        (lr, m): 1.0 + i + j for i, lr in enumerate("19") for j, m in enumerate("ab")
    }
    said = say(write_sweep(["optimizer.lr", "model"], members), call)
    for effect in said.blocks("effect"):
        panel = said.panels[effect["key"]]
        [star] = [line for line in panel.lines if line.get_marker() == "*"]
        assert (effect["star"]["y"], effect["star"]["called"]) == (star.get_ydata()[0], "0")
    split = write_sweep(["data.seed"], {("1",): 1.0, ("2",): 2.0}, folder="bbbb")
    assert [block["star"] for block in say(split, call).blocks("effect")] == [None]


def test_nothing_glows_that_is_not_the_best_or_as_good(here: Path, call: Call) -> None:
    values = {"1": (1.0, 1.1, 1.2), "2": (1.15, 1.0, 1.1), "5": (5.0, 5.1, 5.2)}
    members: Members = {(lr, str(s)): v for lr, each in values.items() for s, v in enumerate(each)}
    said = say(write_sweep(["optimizer.lr", "seed"], members), call)
    [table] = [b for b in said.blocks("table") if b["caption"].startswith("Settings")]
    words = [row[-1] for row in table["rows"]]
    assert words[-1] == "worse"
    assert table["marked"] == [
        n for n, word in enumerate(words) if word in ("best", "best mean", "as good")
    ]
    others = [b for b in said.blocks("table") if not b["caption"].startswith("Settings")]
    assert not any(b.get("marked") for b in others if b["caption"] == "All runs")


def test_of_a_sweep_under_way_only_what_has_two_values_is_compared(here: Path, call: Call) -> None:
    members: Members = {("1", "0"): 1.0, ("1", "1"): "running"}
    sweep = write_sweep(["optimizer.lr", "model.dropout"], members, planned=8)
    said = say(sweep, call)
    assert list(said.panels) == ["model.dropout"]
    assert said.blocks("effect") == []  # one point is no effect
    assert "6 of 8 have not begun." in [block["text"] for block in said.blocks("paragraph")]
    assert "1 of 8 members are finished" in said.best


TITLE = "best member of the setting with the best mean"


@pytest.mark.usefixtures("here")
def test_every_place_names_the_same_member_and_what_it_is_the_best_of(call: Call) -> None:
    """The highest of all is a lucky seed of a worse setting, and is called the best nowhere."""
    values = {("1", "a"): (1.0, 1.1, 1.2), ("2", "a"): (0.5, 3.0, 3.0), ("1", "b"): (2.0, 2.0, 2.0)}
    members: Members = {
        (*texts, str(seed)): losses[seed] for texts, losses in values.items() for seed in range(3)
    }
    sweep = write_sweep(["optimizer.lr", "model", "seed"], members)
    said = say(sweep, call)
    best, lucky = said.comparison.best, said.comparison.ranking[0]
    assert best is not None
    assert (best.index, best.value, lucky.index, lucky.value) == (0, 1.0, 3, 0.5)
    assert f"member 0, {TITLE}: val/loss 1 at epoch 3" in said.best
    assert said.page["figures"][1][2] == f"member 0, {TITLE}, epoch 3"
    with style.drawing():
        drawn = [
            draw(said.comparison.results, metric=METRIC, title="")
            for draw in (key_effects.draw, heatmap.draw)
        ]
    for figure in drawn:
        [legend] = figure.legends
        assert legend.get_texts()[0].get_text() == f"{TITLE}: 1 (member 0)"
    star = next(line for line in drawn[0].axes[0].lines if line.get_marker() == "*")
    assert np.asarray(star.get_xydata()).tolist()[0][1] == 1.0
    run, _ = chosen_run([sweep.short], verb="predict", settable=())
    assert run.short == f"{sweep.short}/0"


@pytest.mark.usefixtures("here")
def test_without_repeats_the_best_member_is_the_highest_in_every_picture(call: Call) -> None:
    """The best cell of the map, by its mean over a third key, is another one's."""
    losses = {"1": (0.5, 9.0), "2": (1.0, 1.0)}
    members: Members = {
        (lr, model, width): losses[lr][column] + (model == "b")
        for lr in losses
        for model in "ab"
        for column, width in enumerate("48")
    }
    sweep = write_sweep(["optimizer.lr", "model", "data.width"], members)
    comparison = compare([sweep])
    assert comparison.best is not None
    assert (comparison.best.index, comparison.best_title) == (0, "best member")
    label = "best member: 0.5 (member 0)"
    with style.drawing():
        for draw in (key_effects.draw, heatmap.draw):
            [legend] = draw(comparison.results, metric=METRIC, title="").legends
            assert legend.get_texts()[0].get_text() == label
    assert TITLE not in call("runs", "best", sweep.short).out
