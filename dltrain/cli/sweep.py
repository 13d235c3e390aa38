"""Train many runs as one: every combination of the values given, in stacks that train together.

    dltrain -m model=softmax data=fashion_mnist optimizer.lr=0.01,0.03,0.1 "seed=range(3)"

Values: a,b,c  range(start,stop,step)  choice(a,b)  glob(*) over a group's files; sort(...),
shuffle(...). Values in pairs: sweep.zip=[key,key]. Several seeds: sweep.repeat=5. Several sweeps as
one: sweep.file=FILE. All sweep.* keys: dltrain config show --describe
"""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli import sweep_summary as say
from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.sweep_course import sweep
from dltrain.cli.sweep_resume import find_sweep, resume
from dltrain.compose import Sources
from dltrain.console import dim, output, pairs
from dltrain.paths import expanded
from dltrain.sweep.folder import begin
from dltrain.sweep.plan import Plan, make_plan
from dltrain.sweep.reuse import take_over

USAGE = "dltrain -m [OVERRIDE ...] [--dry-run] | dltrain -m --resume SWEEP [OVERRIDE ...]"


def main(words: Sequence[str]) -> None:
    """Plan a sweep, and train it or print the plan."""
    parser = Parser("-m", __doc__ or "", USAGE).composing()
    parser.add_argument("--multirun", "-m", action="store_true", help="sweep")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and start nothing")
    parser.add_argument(
        "--resume", metavar="SWEEP", help="train what is missing, failed or interrupted; or latest"
    )
    parser.add_argument(
        "--allow-changed", action="store_true", help="resume with other versions all the same"
    )
    if any(word in ("--cfg", "-c") or word.startswith("--cfg=") for word in words):
        raise UsageError(["--cfg: prints one run's config; --dry-run prints a sweep's plan"])
    arguments = parser.read(words)
    with refusing():
        sources = Sources.of(arguments.config_dir, arguments.config_name)
    if arguments.resume is not None:
        if arguments.dry_run:
            raise UsageError(["--dry-run: a plan that is resumed was made before; leave it out"])
        with refusing():
            path = find_sweep(arguments.resume, arguments.overrides, sources)
        allowed = arguments.allow_changed
        return resume(path, arguments.overrides, sources, allow_changed=allowed)
    if arguments.allow_changed:
        raise UsageError(["--allow-changed: belongs to --resume"])
    with refusing():
        plan = make_plan(arguments.overrides, sources)
    if arguments.dry_run:
        return show_plan(plan)
    output_dir = expanded(plan.members[0].config.output_dir)
    folder = begin(output_dir, plan, words=words)
    with folder.locked():
        if plan.told.skip_done:
            taken = take_over(folder, plan, output_dir)
            folder.write(taken_over={str(index): run_id for index, run_id in taken.items()})
        return sweep(plan, folder)


def show_plan(plan: Plan) -> None:
    """Print what would be trained."""
    console = output()
    console.print(pairs(say.plan_facts(plan)))
    for remark in say.remarks(plan):
        console.print(remark)
    console.print("")
    for part in say.plan_table(plan, whole=not console.is_terminal):
        console.print(part)
    console.print(dim("nothing was trained (--dry-run), so the time is not known"))
