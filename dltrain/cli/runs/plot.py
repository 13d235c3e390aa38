"""Draw pictures of runs and sweeps.

  dltrain runs plot RUN                         everything that makes sense for it
  dltrain runs plot RUN RUN ...                 curves over one another, and the rest of each
  dltrain runs plot SWEEP --kind heatmap        one picture
  dltrain runs plot RUN --kind curves --output curves.svg --title "Clothes" --size 6x3.5
  dltrain runs plot SWEEP --metric val/loss --top 5

  curves        loss and metric over epochs, training and validation rows, the kept epoch
  keys          of a sweep: the metric against each key, at the best of the others
  heatmap       of a sweep: the metric over the two keys that matter most
  confusion     of classes: which are taken for which; precision, recall and F1 of each
  mistakes      of classes of images: the most confident mistakes
  weights       of linear and softmax models: as images, or as bars with the features' names
  predictions   of amounts: predicted against true, and the residuals

Outliers that would flatten the rest are cut off, and the picture says so. Without --output, a file
goes into <output_dir>/plots/ as PNG. RUN is an id, a unique prefix, its last four characters, a
path, latest, or @1 (row of the list); a sweep's member is SWEEP/12.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dltrain.cli.arguments import Parser, UsageError, positive, refusing
from dltrain.cli.runs.drawing import OF_MODELS, OF_SWEEPS, Picture, content
from dltrain.cli.terminal.console import output, safe, warning
from dltrain.plots import style
from dltrain.runs.compare.repeats import REPEATS
from dltrain.runs.find import distinct, find
from dltrain.runs.layout import PLOTS
from dltrain.runs.run import Run
from dltrain.system import disk
from dltrain.system.paths import expanded, problem_with
from dltrain.text import clipped, closest

if TYPE_CHECKING:
    from dltrain.inference.evaluation import Evaluation

USAGE = (
    "dltrain runs plot RUN|SWEEP ... [--kind KIND] [--output FILE] [--title TEXT] [--size WxH] "
    "[--metric NAME] [--top N] [output_dir=FOLDER]"
)
SIDE = (1.0, 50.0)  # inches of a picture's side
KINDS = ("curves", *OF_SWEEPS, *OF_MODELS)
LINEAR = ("linear", "softmax")


def main(words: Sequence[str]) -> None:
    """Draw."""
    arguments = _parser().read_runs(words)
    names, output_dir = arguments.names, arguments.output_dir
    if not names:
        raise UsageError(["runs plot: which run? An id, latest, or @1; dltrain runs lists them"])
    kind, file = arguments.kind, arguments.output
    if kind is not None and kind not in KINDS:
        hint = closest(kind, KINDS)
        raise UsageError([f"--kind={clipped(kind)}: unknown{hint} (there are: {', '.join(KINDS)})"])
    flag = "--metric" if arguments.metric else "--top" if arguments.top else ""
    with refusing():
        if flag and kind in OF_MODELS:
            raise ValueError(f"{flag}: says nothing of --kind={kind}; it is for curves and sweeps")
        runs = distinct(find(name, output_dir) for name in names)
        wanted = list(_asked(runs, kind) if kind else _sensible(runs))
        if flag:  # what a model predicts is not what was asked for
            wanted = [picture for picture in wanted if picture.kind not in OF_MODELS]
        form = "png" if file is None else _form(file)
    if file is not None and len(wanted) > 1:
        kinds = ", ".join(dict.fromkeys(picture.kind for picture in wanted))
        how = "name one run" if kind else f"choose one with --kind ({kinds})"
        raise UsageError(
            [f"--output={file}: holds one picture, and there are {len(wanted)}; {how}"]
        )
    _draw_all(
        wanted,
        arguments,
        form=form,
        target=lambda picture: file or _picture_path(output_dir, picture),
    )


def _parser() -> Parser:
    parser = Parser("runs plot", __doc__ or "", USAGE)
    parser.add_argument("--kind", metavar="KIND", help=f"one of {', '.join(KINDS)}")
    ending = ", ".join(f".{form}" for form in style.FORMATS)
    parser.add_argument(
        "--output", type=expanded, metavar="FILE", help=f"where to; its ending says how: {ending}"
    )
    parser.add_argument("--title", metavar="TEXT", help="what stands above")
    parser.add_argument("--size", type=_size, metavar="WxH", help="inches, as in 6x3.5")
    parser.add_argument("--metric", metavar="NAME", help="what is drawn (the one that chose)")
    parser.add_argument(
        "--top", type=positive, metavar="N", help="the best N settings, or runs, alone"
    )
    return parser


def _size(text: str) -> tuple[float, float]:
    """Read inches: width and height."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)", text[:40], re.ASCII)
    width, height = map(float, match.groups()) if match else (0.0, 0.0)
    if not all(SIDE[0] <= side <= SIDE[1] for side in (width, height)):
        raise argparse.ArgumentTypeError(
            f"{clipped(text, most=40)}: must be inches as in 6x3.5, each from 1 to 50"
        )
    return width, height


def _form(file: Path) -> str:
    """Return the format that a file's ending stands for."""
    ending = file.suffix[1:].lower()
    if ending not in style.FORMATS:
        known = ", ".join(f".{form}" for form in style.FORMATS)
        near = closest(ending, style.FORMATS)
        raise ValueError(f"--output={file}: its ending must say the format{near} ({known})")
    problem = problem_with(file)
    if problem or file.is_dir():
        raise ValueError(f"--output={file}: {problem or 'is a folder'}")
    if not file.parent.is_dir():
        raise ValueError(f"--output={file}: there is no folder {file.parent}")
    return ending


def _picture_path(output_dir: Path, picture: Picture) -> Path:
    disk.make_folder(output_dir / PLOTS)
    return output_dir / PLOTS / f"{picture.name}.png"


def _sensible(runs: Sequence[Run]) -> Iterator[Picture]:
    """Say what there is to draw of some runs."""
    yield Picture("curves", tuple(runs))
    for run in runs:
        yield from (Picture(kind, (run,)) for kind in _kinds(run) if kind != "curves")


def _kinds(run: Run) -> list[str]:
    """Say which pictures make sense for a run or a sweep, as its record tells."""
    if run.is_sweep:
        varying = run.texts("varying")
        keys = [key for key in varying if key not in REPEATS]
        return ["curves", *(["keys"] if varying else []), *(["heatmap"] if len(keys) > 1 else [])]
    weights = ["weights"] if run.part("config", "model", "kind") in LINEAR else []
    if run.part("data", "task") == "regression":
        return ["curves", *weights, "predictions"]
    return ["curves", "confusion", "mistakes", *weights]


def _asked(runs: Sequence[Run], kind: str) -> Iterator[Picture]:
    """Say what to draw if the kind is told."""
    if kind == "curves":
        yield Picture(kind, tuple(runs))
        return
    for run in runs:
        kinds = _kinds(run)
        if kind in kinds:
            yield Picture(kind, (run,))
        elif run.is_sweep and kind in OF_MODELS:
            best = run.part("result", "best", "member")
            hint = f"; its best: {run.short}/{best}" if isinstance(best, int) else ""
            raise ValueError(f"--kind={kind}: is of a single run, and {run.short} is a sweep{hint}")
        else:
            can = ", ".join(kinds)
            raise ValueError(f"--kind={kind}: {_what(run)} has none; it can have {can}")


def _what(run: Run) -> str:
    if run.is_sweep:
        return f"{run.short}, a sweep of one key,"
    return f"{run.short}, {run.part('model', 'name')} for {run.part('data', 'task')},"


def _draw_all(
    wanted: Sequence[Picture],
    asked: argparse.Namespace,
    *,
    form: str,
    target: Callable[[Picture], Path],
) -> None:
    """Draw what can be drawn and print where it lies; name the rest, with the reason."""
    drawn, reasons = 0, dict[str, list[str]]()
    several = len({run.folder for picture in wanted for run in picture.runs}) > 1
    evaluations: dict[Path, Evaluation | ValueError] = {}
    for picture in wanted:
        try:
            drawn_picture = content(picture, asked, evaluations, form=form)
        except ValueError as error:
            whose = f" of {picture.runs[0].short}" if several and len(picture.runs) == 1 else ""
            reasons.setdefault(str(error), []).append(f"{picture.kind}{whose}")
            continue
        file = target(picture)
        disk.replace(file, drawn_picture)
        output().print(safe(file))
        drawn += 1
    lines = [f"{', '.join(kinds)}: {why}" for why, kinds in reasons.items()]
    if not drawn:
        raise UsageError(lines)
    for line in lines:
        output().print(warning(line))
