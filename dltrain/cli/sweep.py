"""Train many runs as one: every combination of the values given, in stacks that train together.

    dltrain -m model=softmax data=fashion_mnist optimizer.lr=0.01,0.03,0.1 "seed=range(3)"

Values: a,b,c  range(start,stop,step)  choice(a,b)  glob(*) over a group's files; sort(...),
shuffle(...). Values in pairs: sweep.zip=[key,key]. Several seeds: sweep.repeat=5. Several sweeps as
one: sweep.file=FILE. All sweep.* keys: dltrain config show --describe
"""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError, line_of, refusing
from dltrain.cli.live.sweep import resume_sweep, show_plan, start_sweep
from dltrain.config.compose import Sources
from dltrain.sweep.plan import make_plan
from dltrain.sweep.resume import find_sweep

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
        return resume_sweep(path, arguments.overrides, sources, allow_changed=allowed)
    if arguments.allow_changed:
        raise UsageError(["--allow-changed: belongs to --resume"])
    with refusing():
        plan = make_plan(arguments.overrides, sources)
    if arguments.dry_run:
        return show_plan(plan)
    return start_sweep(plan, line_of(words, arguments))
