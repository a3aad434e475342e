"""The whole investigation by mouse: draw a box over unusual events, and read what distinguishes them.

`widget` is the anywidget. What it shows is an `InvestigationState` (`state`); `actions` makes the next one
from a message of the page, `history` keeps all of them, `saved` writes one as a dict. `answers` answers a
state part by part with `session`, `view` (the picture), `over_time` (the lines), `presentation` (the
explanation), `panels` (the tabs) and `trace_view`. `calls` has the calls that are run, of which `code` makes
Python. `latest` drops questions that a newer one replaced, `kept` keeps the
last answers, `follower` loads new events, `record` writes pins and notes, `completion`
completes conditions, and `static` is what can be seen without a kernel. The page's own code is in `front`.
The package needs the extra `notebook`.
"""

from obskit.explorer.widget import Explorer

__all__ = ["Explorer"]
