"""The live heatmap: draw a box over unusual events, and read what distinguishes them.

`widget` holds the question as a `State` and answers the messages of the page; `latest` drops questions that a
newer one replaced; `follower` loads new events. `brush` and `state` turn what was drawn into conditions and
code. `view`, `markers` and `presentation` make what the page shows; `static` what it shows without a kernel.
The page's own code is in `front`. The package needs the extra `notebook`.
"""

from obskit.explorer.widget import Explorer

__all__ = ["Explorer"]
