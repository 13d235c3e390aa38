"""Tables in files: CSV, Markdown and LaTeX hold any name, and LaTeX compiles."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest

from dltrain.cli.tables.formats import as_csv, as_latex, as_md, latex
from dltrain.runs.compare.best_table import Column

ODD = [
    "[64,32]",
    "*",
    "50%_a&b#c$d{e}f^g~h\\i",
    '<x>|"y"',
    "Größe",
    "類",
    "a\x1b[31m",
    "-",
    "-1e-05",
]


def table(texts: list[str]) -> list[Column]:
    means = [0.5 + n / 1000 for n in range(len(texts))]
    return [
        Column("weight_decay", texts, texts, is_key=True),
        Column("mean val/accuracy", means, [f"{mean:.4f}" for mean in means]),
        Column("sd", [0.01] * len(texts), ["0.0100"] * len(texts), sd_of="mean val/accuracy"),
        Column("verdict", ["worse"] * len(texts), ["worse"] * len(texts)),
    ]


def test_deviations_stand_behind_their_means() -> None:
    lines = as_latex(table(["0.1", "-"]), note="chosen by a_b").splitlines()
    assert lines[1] == r"\begin{tabular}{lrl}"
    assert lines[3] == r"weight\_decay & mean val/accuracy $\pm$ sd & verdict \\"
    assert lines[5:7] == [
        r"$0.1$ & $0.5000 \pm 0.0100$ & worse \\",
        r"-- & $0.5010 \pm 0.0100$ & worse \\",
    ]
    assert lines[-2] == r"\multicolumn{3}{l}{chosen by a\_b} \\"
    alone = as_latex(table(["0.1"])[2:3]).splitlines()
    assert alone[3:6] == [r"sd \\", r"\midrule", r"$0.0100$ \\"]


def test_what_latex_would_obey_is_escaped() -> None:
    assert latex("50%_a&b#c$d") == r"50\%\_a\&b\#c\$d"
    assert latex("\\input{x}") == r"\textbackslash{}input\{x\}"
    assert latex("[64,32]") == "{[}64,32]"
    assert latex("10,000") == "$10{,}000$"
    assert latex("3 of 5") == "3 of 5"


def test_csv_and_markdown_hold_odd_names() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(["a,b"], [[0.1 + 0.2], ["=1+1"], [None], [3]]))))
    assert rows == [["a,b"], ["0.30000000000000004"], ["'=1+1"], [""], ["3"]]
    assert as_md(["a|b"], [["x\x1b"]]) == "| a\\|b |\n| --- |\n| x\\x1b |\n"


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_a_latex_table_compiles_with_booktabs_and_shows_its_names(tmp_path: Path) -> None:
    body = as_latex(table(ODD), note="chosen by test rows: 100% of a_b")
    text = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
    (tmp_path / "t.tex").write_text(f"{text}{body}\\end{{document}}\n", encoding="utf-8")
    line = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "t.tex"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-1500:]
    assert b"Overfull" not in done.stdout
    assert (tmp_path / "t.pdf").read_bytes().startswith(b"%PDF-")
    broken = text + body.replace(r"\_", "_") + "\\end{document}\n"
    (tmp_path / "t.tex").write_text(broken, encoding="utf-8")
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0  # so that the test sees what is not escaped
