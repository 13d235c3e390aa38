"""``dltrain --help``: verbs, groups and their choices. Composes nothing, imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.main import VERBS

HELP = """\
dltrain trains models from the shell and keeps every run.

  dltrain                                       linear regression on synthetic data
  dltrain model=softmax data=fashion_mnist      softmax regression on pictures of clothes
  dltrain model=mlp data=fashion_mnist model.hidden=[256,128] optimizer=adam optimizer.lr=0.001
  dltrain data=csv data.path=FILE data.target=COLUMN
  dltrain -m model=softmax data=fashion_mnist optimizer.lr=0.01,0.03,0.1 sweep.repeat=5

usage: dltrain [VERB] [GROUP=CHOICE ...] [KEY=VALUE ...] [FLAGS]

verbs (dltrain VERB --help tells more)
{verbs}

groups
{groups}

flags
  -m, --multirun       sweep: train every combination of the values given (dltrain -m --help)
  -m --dry-run         print the sweep's plan and start nothing
  -m --resume SWEEP    train what is missing of a sweep (also: dltrain resume SWEEP)
  --cfg job            print the composed config and train nothing (also: hydra, all)
  --resolve            with --cfg: resolve interpolations
  --config-dir DIR     add a folder of configs of your own
  --config-name NAME   another primary config
  --info               how the config was put together (Hydra)
  -sc install=bash     shell completion (also: zsh, fish)
  --version            print the version

Every key, its unit and its bounds: dltrain config show --describe
A value is what it says: ${{...}} is refused, "$NAME" lets the shell fill in a variable.
"""


def main(words: Sequence[str]) -> None:
    """Print the help."""
    import sys

    from dltrain.config.compose import CONF, groups

    verbs = "\n".join(f"  {name:<20} {text}" for name, text in VERBS.items())
    choices = "\n".join(
        f"  {name:<20} {', '.join(options)}" for name, options in groups([CONF]).items()
    )
    sys.stdout.write(HELP.format(verbs=verbs, groups=choices))
