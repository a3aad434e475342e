"""The live heatmap: draw a box over what looks odd, read what sets its events apart.

In order: `widget` holds the question as a `State` and answers what the page sends; `latest` lets the newest
question win; `brush` and `state` say what was drawn as conditions and code; `view`, `markers` and `present`
make what the page shows; `static` is what remains without a kernel. The page itself is in `front`.
It needs the extra `notebook`.
"""

from obskit.explorer.widget import Explorer

__all__ = ["Explorer"]
