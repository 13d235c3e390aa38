"""Tables as files have them: CSV and JSON for programs, Markdown and LaTeX for people."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence

from dltrain.config.plain import shown
from dltrain.runs.compare.best_table import Column
from dltrain.text import escaped, harmless

_LATEX = {
    **{each: f"\\{each}" for each in "{}$&#_%"},
    **{"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''"},
}
# What pdflatex has no letter for, without packages, is named by its number.
_LAST_LETTER = 0x17F
_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+(?:e([+-]?\d+))?", re.ASCII | re.IGNORECASE)


def as_json(records: Sequence[Mapping[str, object]]) -> str:
    """Write records, each without what it does not have."""
    kept = [{key: x for key, x in record.items() if x is not None} for record in records]
    return f"{json.dumps(kept, indent=2)}\n"


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write rows; numbers whole, and no text that a spreadsheet would take for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([harmless(escaped(name)) for name in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return harmless(escaped(value))
    return "" if value is None else shown(value)


def as_md(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write rows as Markdown."""
    lines = [[escaped(name) for name in columns], ["---"] * len(columns)]
    lines += [[escaped(cell) for cell in row] for row in rows]
    bars = [" | ".join(cell.replace("|", "\\|") for cell in cells) for cells in lines]
    return "".join(f"| {bar} |\n" for bar in bars)


def as_latex(columns: Sequence[Column], *, note: str = "") -> str:
    r"""Write a ``tabular`` with the rules of booktabs; deviations stand behind their means, as \pm.

    Args:
        columns: Of equal length.
        note: What has to stand below it.
    """
    means = {column.sd_of: column for column in columns if column.sd_of}
    there = {column.name for column in columns}
    heads, cells = [], []
    for column in columns:
        if column.sd_of in there:
            continue
        deviations = means.get(column.name)
        heads.append(latex(column.name) + (r" $\pm$ sd" if deviations else ""))
        if deviations is None:
            cells.append([latex(text) for text in column.texts])
        else:
            pairs = zip(column.texts, deviations.texts, strict=True)
            cells.append([_with_deviation(mean, deviation) for mean, deviation in pairs])
    sides = "".join("r" if c.is_number else "l" for c in columns if c.sd_of not in there)
    body = [f"{' & '.join(row)} \\\\" for row in zip(*cells, strict=True)]
    below = [f"\\multicolumn{{{len(heads)}}}{{l}}{{{latex(note)}}} \\\\"] if note else []
    lines = [
        r"% \usepackage{booktabs}",
        f"\\begin{{tabular}}{{{sides}}}",
        r"\toprule",
        f"{' & '.join(heads)} \\\\",
        r"\midrule",
        *body,
        r"\bottomrule",
        *below,
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _with_deviation(mean: str, deviation: str) -> str:
    if deviation == "-" or not (_NUMBER.fullmatch(mean) and _NUMBER.fullmatch(deviation)):
        return latex(mean)
    return f"${_in_math(mean)} \\pm {_in_math(deviation)}$"


def latex(text: str) -> str:
    r"""Write a text so that LaTeX shows it, and obeys nothing in it; a number as one.

    Example:
        >>> latex("weight_decay"), latex("-1e-05"), latex("-")
        ('weight\\_decay', '$-1 \\times 10^{-5}$', '--')
    """
    if _NUMBER.fullmatch(text):
        return f"${_in_math(text)}$"
    if text == "-":
        return "--"
    written = "".join(_LATEX.get(each, _letter(each)) for each in escaped(text))
    # Behind a row's end a bracket or a star would be taken for that command's.
    return f"{{{written[0]}}}{written[1:]}" if written[:1] in ("[", "*") else written


def _in_math(number: str) -> str:
    digits, _, exponent = number.lower().partition("e")
    power = f" \\times 10^{{{int(exponent)}}}" if exponent else ""
    return f"{digits.replace(',', '{,}')}{power}"


def _letter(character: str) -> str:
    known = character.isascii() or (character.isalpha() and ord(character) <= _LAST_LETTER)
    return character if known else f"(U+{ord(character):04X})"
