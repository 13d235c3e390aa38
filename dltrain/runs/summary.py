"""What a run came to, in lines for people: read from its record, wherever it is told.

Figures with their intervals, what others reach on the same rows, remarks on what figures hide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dltrain.metrics import LOSS, headlines
from dltrain.runs.compare.field_names import EPOCH
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import Run
from dltrain.text import bracket, number_or_dash, whole_number

Line = tuple[str, str]  # what it is about, and what is said
SPLITS = ("val", "test")
BASELINE, NOTE = "baseline", "note"


def result_lines(run: Run) -> list[Line]:
    """Say what a run that has ended came to; nothing of one that has not."""
    lines = [*_best(run), *_judged(run), *caveats(run)]
    lines += [("found", sentence) for sentence in run.texts("result", "sentences")]
    norms = run.mapping("result", "gradient_norms").items()
    if norms:
        texts = "  ".join(f"{name} {number_or_dash(value)}" for name, value in norms)
        lines.append(("gradients", f"norms at the end of the last epoch: {texts}"))
    return lines


def data_lines(run: Run) -> list[Line]:
    """Say what a run learned from: rows, what became of columns, and what is remarkable."""
    name, source = (run.part("data", part) for part in ("name", "source"))
    named = f"{name} ({source})" if source else f"{name}"
    rows = run.mapping("data", "rows").items()
    sizes = ", ".join(f"{whole_number(count)} {split}" for split, count in rows if count)
    lines = [("data", f"{named}: {sizes}" if sizes else named)]
    lines += [(about, str(text)) for about, text in run.mapping("data", "lines").items()]
    return lines + [(NOTE, note) for note in run.texts("data", "notes")]


def caveats(run: Run) -> list[Line]:
    """Say what is to be known beside a result: what others reach, and what its figures hide."""
    said = "; ".join(_beside(run))
    baseline = [(BASELINE, said)] if said else []
    return baseline + [(NOTE, sentence) for sentence in run.texts("result", "remarks")]


def _beside(run: Run) -> Iterator[str]:
    """Yield what baselines reach by what judges, and by what is quoted where that is the loss."""
    kept = run.mapping("result", "kept")
    metric = judged_metric(str(run.part("metric")), kept)
    split, _, name = metric.partition("/")
    more = [f"{split}/{each}" for each in headlines()] if name == LOSS.name else []
    for each in (metric, *(other for other in more if other in kept)):
        baselines = run.mapping("result", "baselines").items()
        values = [(name, x[each]) for name, x in baselines if isinstance(x, dict) and each in x]
        if values:
            yield f"{each}: {', '.join(f'{name} {number_or_dash(x)}' for name, x in values)}"


def quoted(run: Run, name: str) -> str:
    """Write a number of a run's kept epoch with its interval over rows, where it has one."""
    ends = run.part("result", "intervals", name)
    low, high = map(as_number, ends) if isinstance(ends, list) and len(ends) == 2 else (None, None)
    interval = "" if low is None or high is None else bracket(low, high)
    return f"{number_or_dash(run.part('result', 'kept', name))}{interval}"


def judged_metric(metric: str, known: Mapping[str, object]) -> str:
    """Return the metric by which a result is compared with others, on test rows if there are any.

    It is what chooses; for regression rmse, which people know, in place of the loss.
    """
    for split in ("test", "val"):
        name = metric.partition("/")[2]
        if name == LOSS.name and f"{split}/rmse" in known:
            name = "rmse"
        if f"{split}/{name}" in known:
            return f"{split}/{name}"
    return ""


def quoted_names(run: Run) -> list[str]:
    """List the numbers that a run's result is quoted by, with their splits."""
    kept = run.mapping("result", "kept")
    names = run.mapping("result", "intervals") or [f"{s}/{n}" for s in SPLITS for n in headlines()]
    losses = [f"{split}/{LOSS.name}" for split in SPLITS]
    return [str(name) for name in [*names, *losses] if name in kept]


def _best(run: Run) -> Iterator[Line]:
    """Yield the best epoch, where that is not the kept one, or training rows chose it."""
    best, kept = run.mapping("result", "best"), run.mapping("result", "kept")
    if best and (best.get("epoch") != kept.get(EPOCH) or not quoted_names(run)):
        value = number_or_dash(best.get("value"))
        yield "best", f"{best.get('metric')} {value} at epoch {number_or_dash(best.get('epoch'))}"


def _judged(run: Run) -> Iterator[Line]:
    """Yield what the kept epoch's weights reach on validation and test rows."""
    epoch, names = run.part("result", "kept", EPOCH), quoted_names(run)
    which = "the last" if epoch == run.part("result", "final", EPOCH) else "the best"
    for split in SPLITS:
        of_split = [name for name in names if name.startswith(f"{split}/")]
        if of_split:
            texts = [f"{name.partition('/')[2]} {quoted(run, name)}" for name in of_split]
            yield split, f"{'  '.join(texts)}  (epoch {number_or_dash(epoch)}, {which})"
    if any("[" in quoted(run, name) for name in names):
        yield "", "[low, high]: 95 % interval over rows, of this one training"
