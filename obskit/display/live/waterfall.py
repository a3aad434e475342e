"""The live waterfall: an anywidget that draws one trace, or two next to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from obskit.display.live.source import waterfall_script, waterfall_style
from obskit.display.live.waterfall_answers import WaterfallAnswers
from obskit.display.trace.pairs import TraceRows
from obskit.display.trace.side import TraceSide


class WaterfallView(anywidget.AnyWidget):  # type: ignore[misc]
    """A trace, span by span, on a time axis.

    Args:
        sides: the trace, and if wanted another one to compare with.
        rows: the rows of both.
        span: index of the span that is selected; None for none.
        notes: what a reader must know about the trace, one sentence each.
        display_tz: name of the time zone in which times are shown; None for UTC.
        still: class of the static HTML of the same trace, which the widget hides.
    """

    _esm = waterfall_script()
    _css = waterfall_style()
    _view = traitlets.Dict().tag(sync=True)
    _cells = traitlets.Bytes().tag(sync=True)
    _details = traitlets.Dict().tag(sync=True)
    _found = traitlets.Dict().tag(sync=True)
    _code = traitlets.Dict().tag(sync=True)
    _status = traitlets.Dict().tag(sync=True)
    _still = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        sides: Sequence[TraceSide],
        rows: TraceRows,
        *,
        span: int | None = None,
        notes: Sequence[str] = (),
        display_tz: str | None = None,
        still: str = "",
    ) -> None:
        self._answers = WaterfallAnswers(sides, rows, span=span, notes=notes, display_tz=display_tz)
        super().__init__(**{f"_{name}": value for name, value in self._answers.first.items()}, _still=still)
        self.on_msg(self._receive)

    def _receive(self, _: Any, message: Any, __: Any) -> None:
        with self.hold_sync():
            for name, value in self._answers.answer(message).items():
                setattr(self, f"_{name}", value)
