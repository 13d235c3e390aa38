"""A report on runs: what stands on its page. ``page.py`` writes the page.

Everything is read from run folders; only what a model predicts needs torch, and the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dltrain.metrics import most_telling
from dltrain.report import run_sections
from dltrain.report.blocks import Block, Document, paragraph, section
from dltrain.report.curves import curves
from dltrain.report.effects import effects, learning_curves, parallel
from dltrain.report.ranking import runs_table, settings_table
from dltrain.runs.compare import comparison
from dltrain.runs.compare.field_names import LAST
from dltrain.runs.compare.results import best_result, by_setting, counts, is_repeated
from dltrain.runs.find import distinct, members
from dltrain.runs.run import Run
from dltrain.runs.run_time import seconds_of
from dltrain.runs.verification import complaints
from dltrain.text import duration, figure


def report(runs: Sequence[Run]) -> Document:
    """Gather what is to be said of a run, a sweep, or several of them.

    Args:
        runs: At least one; several are compared, members in place of their sweeps.

    Raises:
        ValueError: If there is nothing to report on.
    """
    if len(runs) == 1:
        return _of_sweep(runs[0]) if runs[0].is_sweep else _of_run(runs[0])
    every = [own for run in runs for own in (members(run) if run.is_sweep else [run])]
    return _of_several(distinct(every))


def _of_run(run: Run) -> Document:
    drawn = curves([run], names=[run.short], groups=[0])
    parts = [
        run_sections.results(run),
        section("curves", "Learning curves", [drawn]) if drawn else None,
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
        warnings=list(complaints(run.folder, run.part("files"))),
        sections=[part for part in parts if part is not None],
    )


def _of_sweep(sweep: Run) -> Document:
    found = comparison.of_sweep(sweep)
    if not found.results:
        raise ValueError(f"{sweep.short}: no member has begun, so there is nothing to report on")
    best, best_figures = _best(found)
    number = f"{len(found.results):,} of {found.planned:,} members"
    if len(found.results) == found.planned:
        number = f"{found.planned:,} members"
    stand = ", ".join(f"{n:,} {status}" for status, n in counts(found.results).items())
    *most, last = found.keys or ["nothing"]
    varying = f"{', '.join(most)} and {last}" if most else last
    seconds = seconds_of(sweep)
    took = [("duration", duration(seconds), number)] if seconds is not None else []
    warnings = list(complaints(sweep.folder, sweep.part("files")))
    if best is not None:
        own = complaints(best.folder, best.part("files"))
        warnings += [f"{best.short}: {complaint}" for complaint in own]
    return Document(
        title=sweep.label or f"A sweep of {run_sections.what(sweep)}",
        subtitle=f"{number} that differ in {varying}, {sweep.id}: {stand}; "
        f"started {str(sweep.info.get('started'))[:16].replace('T', ' ')}.",
        figures=[*best_figures, *took],
        warnings=warnings,
        sections=[
            *_compared(found),
            *(_model(best, f"the best member, {best.short},") if best is not None else ()),
            *(
                [run_sections.config(best, whose=f" in the best member, {best.short}")]
                if best
                else []
            ),
            run_sections.environment(sweep, member=best),
            run_sections.reproduce(sweep, model=best),
        ],
    )


def _of_several(runs: Sequence[Run]) -> Document:
    if not runs:
        raise ValueError("none of these has a run that has begun, so there is nothing to report on")
    found = comparison.of_runs(runs)
    best, figures = _best(found)
    digests = {str(run.part("data", "sha256")) for run in runs}
    warnings = [
        f"{run.short}: {each}"
        for run in runs[: run_sections.MAX_CONFIGS]
        for each in complaints(run.folder, run.part("files"))
    ]
    if len(digests) > 1:
        warnings.append(
            "These runs learned from different data, so figures tell little of which is better."
        )
        best = None
    names = [found.names[number] for number in range(len(runs))]
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
            *_compared(found),
            *(
                _model(best, f"the best run, {best.short},")
                if best is not None
                else [section("model", "The model", [paragraph(f"Not shown; {alone}.")])]
            ),
            run_sections.configs(runs, names),
            *closing,
        ],
    )


def _best(found: comparison.Comparison) -> tuple[Run | None, list[tuple[str, str, str]]]:
    """Return the best run, and the figures that say so."""
    best = best_result(found.results, found.metric) if found.metric else None
    if best is None or best.value is None:
        return None, []
    name = found.names[best.index]
    called = f"member {name}" if name.isdigit() else name
    figures = [(best.name, figure(best.value), f"{called}, epoch {best.epoch}")]
    setting = by_setting(found.results, found.metric)[0]
    if is_repeated(found.results) and len(setting.results) > 1:
        told = comparison.setting_text(setting.setting, list(setting.setting)) or "all seeds"
        note = f"{told}; sd {figure(setting.deviation)}, n {len(setting.results)}"
        mean = (f"best setting's mean {best.name}", figure(setting.mean), note)
        best_of_it = f"{called}, its best, epoch {best.epoch}"
        figures = [mean, (best.name, figure(best.value), best_of_it)]
    telling = (f"{LAST}test/{metric}" for metric in most_telling())
    tests = [n for n in telling if n in best.metrics][:1]
    figures += [(n, figure(best.metrics[n]), f"{called}, last epoch") for n in tests]
    return found.runs[best.index], figures


def _compared(found: comparison.Comparison) -> Iterator[Block]:
    """Yield what is said of runs beside one another."""
    settings = settings_table(found)
    if settings:
        yield section("settings", "Settings", settings)
    keys = list(effects(found))
    if keys:
        yield section("keys", "What each key does", keys)
    lines = parallel(found)
    yield section("runs", "All runs", [*([lines] if lines else []), *runs_table(found)])
    drawn = learning_curves(found)
    if drawn:
        yield section("curves", "Learning curves", drawn)


def _model(run: Run, whose: str) -> Iterator[Block]:
    """Yield what a model predicts and has learned; torch is imported here."""
    from dltrain.report.model_sections import sections

    yield from sections(run, whose=whose)
