"""What is said of a table: short lines on target and columns, and what is remarkable in sentences.

Each is a claim about the rows; where there is nothing to say, there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dltrain.data.table.account import Account
from dltrain.data.table.options import Options
from dltrain.data.table.table import quoted
from dltrain.system.shell import setting
from dltrain.text import counted

SHARE = 0.01  # of the rows: fewer are not worth a sentence
SINGLE_SHARE = 0.2  # of the rows: less of them, if it is a single one, may be chance
LARGE_SHARE = 0.1  # of a column's cells: so many made-up ones change what is learned from it
FEW_ROWS = 20  # of so few, everybody sees what is empty
MOST_NAMES = 4
Line = tuple[str, str]  # what it is about, and what is said


def lines(account: Account, options: Options) -> Iterator[Line]:
    """Say in a few short lines what became of target and columns."""
    yield "target", account.reason
    yield "columns", _columns(account)
    if account.imputed:
        largest = sorted(account.imputed.items(), key=lambda item: -item[1])
        holes = [f"{_name(name)} {_share(count, account)}" for name, count in largest]
        yield "imputed", f"{_some(holes)} of the cells (training {options.missing})"
    if account.constants:
        names = _some(map(_name, account.constants))
        yield "constant", f"{names}: the same in all training rows, so nothing is learned from it"
    if account.twins:
        pairs = [
            f"{_name(t.second)} {'equals' if t.equal else 'restates'} {_name(t.first)}"
            for t in account.twins
        ]
        yield "twice", f"{_some(pairs)} in all training rows: one is enough"
    repeated = account.duplicates.repeated
    if _matters(repeated, account.total):
        share = _share(repeated, account)
        yield "repeated", f"{counted(repeated, 'row')} ({share}) equal to an earlier one"


def warnings(account: Account, options: Options) -> Iterator[str]:
    """Say what must not be overlooked."""
    holes = [name for name, n in account.imputed.items() if n >= LARGE_SHARE * account.total]
    if holes and account.total > FEW_ROWS:
        share = _share(max(account.imputed.values()), account)
        most = "" if len(holes) == 1 else "up to "
        yield (
            f"{_some(map(_name, holes))}: {most}{share} of the cells are empty, and the "
            f"{options.missing} that fills them hides what the others tell; "
            f"{_with_holes(account, options)}{_drop(holes, options)}"
        )
    told = list(account.telling)
    if told:
        target = _name(account.target)
        alone = f"{_some(map(_name, told))} each tell {target} alone, almost without error; if"
        if len(told) == 1:
            alone = f"{_name(told[0])} alone tells {target} almost without error; if it is"
        rows = "as numbers of the rows" if len(told) > 1 else "numbers the rows"
        yield f"{alone} known only with or after {target}, or {rows}: {_drop(told, options)}"


def notes(account: Account) -> Iterator[str]:
    """Say what else is to be known before figures are believed."""
    for name in account.untrained:
        yield f"class {_name(name)} has no training row, so it cannot be learned"
    for name, count in account.unseen.items():
        rows = account.total - account.rows["train"]
        yield new_categories(name, count, f"{rows:,} validation and test rows")
    for strays in account.strays:
        yield (
            f"{strays.where}: {quoted(strays.cell)} is neither true nor false "
            f"({counted(strays.count, 'such cell')}), so the column is text, one input for each; "
            "correct it, or name it in data.missing_values"
        )
    for split, count in account.duplicates.leaked.items():
        rows = account.rows[split]
        if _matters(count, rows):
            yield (
                f"{count:,} of {rows:,} {split} rows ({count / rows:.1%}) stand in training, too, "
                f"equal in all that is learned from and in {_name(account.target)}; if they are "
                f"copies, {split} figures flatter the model"
            )


def new_categories(name: str, count: int, rows: str) -> str:
    """Say that so many of some rows have in a column what no training row has."""
    what = "(a category, or a blank, that no training row has)"
    return f"{_name(name)} is new in {count:,} of {rows} {what}; all its columns are 0 there"


def _columns(account: Account) -> str:
    """Say how many columns became what, and which became nothing."""
    kinds = [(account.numbers, "number"), (account.categories, "text column")]
    made = " and ".join(counted(count, kind) for count, kind in kinds if count)
    inputs = f"{made} as {counted(account.inputs, 'input')}"
    names = _some(map(_name, account.left_out))
    return f"{inputs}; left out: {names}" if account.left_out else inputs


def _with_holes(account: Account, options: Options) -> str:
    """Propose to learn where the holes are, or from rows without any, where most rows are."""
    where = "" if options.missing_indicator else "data.missing_indicator=true tells where that is, "
    if account.complete_rows < account.total / 2:
        return where
    return f"{where}data.missing=drop keeps {account.complete_rows:,} of {account.total:,} rows, "


def _drop(names: Sequence[str], options: Options) -> str:
    """Return what leaves columns out, to be pasted."""
    them = "it" if len(names) == 1 else "them"
    return f"{setting('data.drop', [*options.drop, *names])} leaves {them} out"


def _matters(count: int, rows: int) -> bool:
    """Tell whether so many of some rows are worth a sentence."""
    return count > SHARE * rows and (count > 1 or count >= SINGLE_SHARE * rows)


def _share(count: int, account: Account) -> str:
    share = count / account.total
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def _some(texts: Iterable[str]) -> str:
    """List the first few of some texts, and how many more there are."""
    every = list(texts)
    more = len(every) - MOST_NAMES
    return ", ".join(every[:MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _name(name: str) -> str:
    return quoted(name, most=40)
