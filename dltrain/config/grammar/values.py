"""What stands behind ``key=``, read with Hydra's grammar and the functions of ``sweep_functions``.

Every value keeps the text it was typed as; a sweep is the list of its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra._internal.grammar.functions import Functions
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import QuotedString
from hydra.errors import HydraException
from hydra.grammar.gen.OverrideLexer import (  # type: ignore[attr-defined]
    CommonTokenStream,
    InputStream,
    OverrideLexer,
)
from hydra.grammar.gen.OverrideParser import OverrideParser

from dltrain.config.grammar.casts import SweepError
from dltrain.config.grammar.functions import FUNCTIONS, Argument, Call, Value, single
from dltrain.config.grammar.scalars import as_text

# No value of ours is nested deeper than 2.
MAX_DEPTH = 20


def read(text: str, *, options: Sequence[str] | None = None) -> Argument:
    """Read what stands behind a key: one value, or the values of a sweep.

    Args:
        text: As typed; what the grammar does not take is text, since paths hold bare commas,
            tildes and parentheses.
        options: The choices of the group it stands behind; None: behind a key.

    Raises:
        SweepError: If a function of the grammar is misused.

    Example:
        >>> read("1e-3").parsed, [value.text for value in read("range(2)")], read("it's").parsed
        (0.001, ['0', '1'], "it's")
    """
    if _is_deep(text):  # whoever follows its brackets would run out of stack
        return Value(text, text)
    listener = HydraErrorListener()
    lexer = OverrideLexer(InputStream(f"key={text}"))
    parser: Any = OverrideParser(CommonTokenStream(lexer))
    for part in (lexer, parser):
        part.removeErrorListeners()
        part.addErrorListener(listener)
    try:
        value = parser.override().value()
        result = Value("", "") if value is None else _Reader(options).visitValue(value)
    except SweepError:
        raise
    except (HydraException, ValueError):  # the latter for more digits than Python converts
        return Value(text, text)
    return Value(text, result.parsed) if isinstance(result, Value) else result


def _is_deep(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_DEPTH:
            return True
    return False


class _Reader(HydraOverrideVisitor):
    """Makes values of what the parser read; method names are the grammar's."""

    def __init__(self, options: Sequence[str] | None) -> None:
        super().__init__(Functions())
        self._options = options

    def visitValue(self, ctx: Any) -> Any:  # noqa: N802
        if ctx.element() is not None:
            return self.visitElement(ctx.element())
        parts = ctx.simpleChoiceSweep().element()
        return single([self.visitElement(part) for part in parts], "{}")

    def visitElement(self, ctx: Any) -> Any:  # noqa: N802
        if ctx.function() is not None:
            return self.visitFunction(ctx.function())
        if ctx.listContainer() is not None:
            parts = [self.visitElement(part) for part in ctx.listContainer().element()]
            values = single(parts, "[{}]")
            return Value(f"[{','.join(v.text for v in values)}]", [v.parsed for v in values])
        if ctx.dictContainer() is not None:
            pairs: dict[str, Any] = self.visitDictContainer(ctx.dictContainer())
            single(list(pairs.values()), "{{}}")
            texts = [f"{as_text(key)}:{value.text}" for key, value in pairs.items()]
            inner = {key: value.parsed for key, value in pairs.items()}
            return Value(f"{{{','.join(texts)}}}", inner)
        source = ctx.start.getInputStream().getText(ctx.start.start, ctx.stop.stop)
        parsed = self.visitPrimitive(ctx.primitive())
        text = parsed.text if isinstance(parsed, QuotedString) else parsed
        return Value(source.strip(" \t"), text)

    def visitFunction(self, ctx: Any) -> Argument:  # noqa: N802
        name = ctx.getChild(0).getText()
        if name not in FUNCTIONS:
            raise HydraException(f"no function {name}")
        arguments: list[Argument] = []
        named: dict[str, Argument] = {}
        label = None
        for child in ctx.getChildren():
            if isinstance(child, OverrideParser.ArgNameContext):
                label = child.getChild(0).getText()
            elif isinstance(child, OverrideParser.ElementContext):
                argument = self.visitElement(child)
                if label is None and named:
                    raise SweepError(f"{name}() needs what has a name last, as in reverse=true")
                if label in named:
                    raise SweepError(f"{name}() is given {label} twice")
                if label is None:
                    arguments.append(argument)
                else:
                    named[label] = argument
                label = None
        return Call(name, arguments, named, self._options).result()
