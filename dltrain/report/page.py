"""Write a report as one HTML page that loads nothing.

Foreign text goes into the page as JSON and is shown by its scripts as text alone. The page's policy
lets only these very scripts run, by their digests, and forbids every request.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from dltrain import __version__
from dltrain.report.blocks import Document
from dltrain.text import clipped, escaped

# In the order in which they build on each other.
SCRIPTS = ("dom.js", "table.js", "plots.js", "parallel.js", "page.js")
# What one text may have: nobody reads more, and a stranger's record may hold megabytes.
MAX_TEXT = 4000
_FILES = Path(__file__).parent / "assets"


def page(document: Document, *, made: str) -> bytes:
    """Write a report's page."""
    from plotly.offline import get_plotlyjs  # 5 MB of script

    facts = harmless(
        {
            "title": document.title,
            "subtitle": document.subtitle,
            "figures": document.figures,
            "warnings": document.warnings,
            "sections": document.sections,
            "made": f"Made by dltrain {__version__} on {made}. This page loads nothing.",
        }
    )
    plotly = str(get_plotlyjs()).strip()
    script = "\n".join(_read(name).removeprefix('"use strict";') for name in SCRIPTS)
    script = f'"use strict";\n{script}'
    css = _read("page.css")
    policy = (
        f"default-src 'none'; script-src {_digest(plotly)} {_digest(script)}; img-src data:; "
        # Plotly makes one style element that is empty, and writes attributes of style.
        f"style-src-elem {_digest(css)} {_digest('')}; style-src-attr 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )
    text = Template(_read("page.html")).substitute(
        policy=html.escape(policy, quote=True),
        title=html.escape(facts["title"]),
        style=css,
        present=_present(plotly),
        facts=as_script(facts),
        plotly=plotly,
        script=script,
    )
    return text.encode()


def _present(plotly: str) -> str:
    """Write empty style elements for those of plotly's that the policy would refuse.

    They are for maps, which no report has; plotly makes none whose id is there.
    """
    ids = re.findall(r'getElementById\("([0-9a-f]{64})"\)', plotly)
    return "".join(f'<style id="{name}"></style>' for name in dict.fromkeys(ids))


def _read(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def as_script(facts: Any) -> str:
    r"""Write values as JSON that cannot end the element it stands in.

    Example:
        >>> as_script(["</script>"])
        '["\\u003c/script>"]'
    """
    text = json.dumps(facts, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def harmless(node: Any) -> Any:
    r"""Write out what texts hold that a screen would obey, bound them, and drop what is no number.

    Example:
        >>> harmless({"a\x1b": ("red\x1b[31m", float("nan"), 1.5)})
        {'a\\x1b': ['red\\x1b[31m', None, 1.5]}
    """
    if isinstance(node, str):
        is_image = node.startswith("data:image/png;base64,")
        return escaped(node if is_image else clipped(node, most=MAX_TEXT))
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int):
        return node if abs(node) < 2**53 else str(clipped(str(node), most=40))
    if isinstance(node, float):
        return float(node) if math.isfinite(node) else None
    if isinstance(node, Mapping):
        return {escaped(str(name)): harmless(value) for name, value in node.items()}
    if isinstance(node, Sequence):
        return [harmless(value) for value in node]
    return escaped(clipped(str(node), most=MAX_TEXT))
