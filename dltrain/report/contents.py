"""The contents of a report: its title, figures and sections. ``page.py`` writes the page.

Everything is read from run folders; only what a model predicts needs torch, and the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dltrain.metrics import most_telling
from dltrain.report import run_sections
from dltrain.report.blocks import Block, Document, pairs, paragraph, section
from dltrain.report.curves import learning_curves
from dltrain.report.effects import effects, parallel
from dltrain.report.ranking import runs_table, settings_table
from dltrain.runs.compare.comparison import Comparison, compare, setting_text
from dltrain.runs.compare.repeats import repeats_called
from dltrain.runs.compare.results import counts
from dltrain.runs.compare.split_mean import SplitMean
from dltrain.runs.run import Run
from dltrain.runs.run_time import seconds_of
from dltrain.runs.summary import result_lines
from dltrain.runs.verification import file_problems
from dltrain.text import duration, figure


def report(runs: Sequence[Run]) -> Document:
    """Gather what is to be said of a run or a sweep; several are compared, members for sweeps.

    Raises:
        ValueError: If there is nothing to report on.
    """
    comparison = compare(runs)
    if len(runs) == 1:
        of = _of_sweep if runs[0].is_sweep else _of_run
        return of(runs[0], comparison)
    return _of_several(comparison)


def _of_run(run: Run, comparison: Comparison) -> Document:
    curves = learning_curves(comparison)
    parts = [
        run_sections.results(run),
        run_sections.data(run),
        section("curves", "Learning curves", curves) if curves else None,
        *_model(run, "the model"),
        run_sections.config(run, whose=""),
        run_sections.environment(run),
        run_sections.reproduce(run, model=run),
    ]
    what = f"{run_sections.what(run)}, " if run.label else ""
    return Document(
        title=run.label or run_sections.what(run),
        subtitle=f"{what}{run.id}: {run_sections.ended(run)}.",
        figures=run_sections.figures(run),
        warnings=list(file_problems(run.folder, run.part("files"))),
        sections=[part for part in parts if part is not None],
    )


def _of_sweep(sweep: Run, comparison: Comparison) -> Document:
    results = comparison.results
    if not results:
        raise ValueError(f"{sweep.short}: no member has begun, so there is nothing to report on")
    best, best_figures = _best(comparison)
    number = f"{len(results):,} of {comparison.planned:,} members"
    if len(results) == comparison.planned:
        number = f"{comparison.planned:,} members"
    stand = ", ".join(f"{n:,} {status}" for status, n in counts(results).items())
    *most, last = comparison.keys or ["nothing"]
    varying = f"{', '.join(most)} and {last}" if most else last
    seconds = seconds_of(sweep)
    took = [("duration", duration(seconds), number)] if seconds is not None else []
    warnings = list(file_problems(sweep.folder, sweep.part("files")))
    whose = ""
    if best is not None:
        whose = f"the {comparison.best_title}, {best.short}"
        of_best = file_problems(best.folder, best.part("files"))
        warnings += [f"{best.short}: {each}" for each in of_best]
    return Document(
        title=sweep.label or f"A sweep of {run_sections.what(sweep)}",
        subtitle=f"{number} that differ in {varying}, {sweep.id}: {stand}; "
        f"started {str(sweep.info.get('started'))[:16].replace('T', ' ')}.",
        figures=[*best_figures, *took],
        warnings=warnings,
        sections=[
            *_compared(comparison),
            *(
                [section("best", f"The {comparison.best_title}", [pairs(result_lines(best))])]
                if best
                else []
            ),
            *([run_sections.data(best)] if best else []),
            *(_model(best, f"{whose},") if best is not None else ()),
            *([run_sections.config(best, whose=f" in {whose}")] if best else []),
            run_sections.environment(sweep, member=best),
            run_sections.reproduce(sweep, model=best),
        ],
    )


def _of_several(comparison: Comparison) -> Document:
    runs = list(comparison.runs.values())
    if not runs:
        raise ValueError("none of these has a run that has begun, so there is nothing to report on")
    best, figures = _best(comparison)
    digests = {str(run.part("data", "sha256")) for run in runs}
    warnings = [
        f"{run.short}: {each}"
        for run in runs[: run_sections.MAX_CONFIGS]
        for each in file_problems(run.folder, run.part("files"))
    ]
    if len(digests) > 1:
        warnings.append(
            "These runs learned from different data, so figures tell little of which is better."
        )
        best = None
    names = list(comparison.names.values())
    named = ", ".join(names[:4]) + (f" and {len(names) - 4:,} more" if len(names) > 4 else "")
    alone = "each model's predictions are in its own report: dltrain report RUN"
    closing = (
        [run_sections.environment(best), run_sections.reproduce(best, model=best)] if best else []
    )
    return Document(
        title=f"{len(runs):,} runs compared",
        subtitle=f"{named}.",
        figures=figures,
        warnings=warnings,
        sections=[
            *_compared(comparison),
            *(
                _model(best, f"the best run, {best.short},")
                if best is not None
                else [section("model", "The model", [paragraph(f"Not shown; {alone}.")])]
            ),
            run_sections.configs(runs, names),
            *closing,
        ],
    )


def _best(comparison: Comparison) -> tuple[Run | None, list[tuple[str, str, str]]]:
    """Return the best run, and the figures that say so; of splits of the rows their mean alone."""
    if comparison.split_mean is not None:
        return None, _mean_figures(comparison.split_mean)
    best = comparison.best
    if best is None or best.value is None:
        return None, []
    name = comparison.names[best.index]
    called = f"member {name}" if name.isdigit() else name
    figures = [(comparison.metric, figure(best.value), f"{called}, epoch {best.epoch}")]
    setting = next(iter(comparison.settings), None)
    if setting is not None and len(setting.results) > 1:
        text = (
            setting_text(setting.setting, list(setting.setting))
            or f"over {repeats_called(setting.results)}"
        )
        note = f"{text}; sd {figure(setting.deviation)}, n {setting.count}"
        title = {"best": "best setting's mean"}.get(setting.word, setting.word or "mean")
        mean = (f"{title} {comparison.metric}", figure(setting.mean), note)
        best_of_it = f"{called}, {comparison.best_title}, epoch {best.epoch}"
        figures = [mean, (comparison.metric, figure(best.value), best_of_it)]
    telling = (f"test/{metric}" for metric in most_telling())
    tests = [n for n in telling if n in best.metrics][:1]
    figures += [(n, figure(best.metrics[n]), f"{called}, epoch {best.epoch}") for n in tests]
    return comparison.runs[best.index], figures


def _mean_figures(mean: SplitMean) -> list[tuple[str, str, str]]:
    """Return what the best setting reaches on average over splits."""
    text = setting_text(mean.setting.setting, list(mean.setting.setting))
    figures = [(mean.metric, mean.value, "; ".join(filter(None, [text, mean.spread])))]
    return [*figures, mean.test] if mean.test is not None else figures


def _compared(comparison: Comparison) -> Iterator[Block]:
    """Yield what is said of runs beside one another."""
    settings = settings_table(comparison)
    if settings:
        yield section("settings", "Settings", settings)
    keys = list(effects(comparison))
    if keys:
        yield section("keys", "What each key does", keys)
    lines = parallel(comparison)
    yield section("runs", "All runs", [*([lines] if lines else []), *runs_table(comparison)])
    curves = learning_curves(comparison)
    if curves:
        yield section("curves", "Learning curves", curves)


def _model(run: Run, whose: str) -> Iterator[Block]:
    """Yield what a model predicts and has learned; torch is imported here."""
    from dltrain.report.model_sections import sections

    yield from sections(run, whose=whose)
