"""Match the names of files against patterns with `**`, which the standard library expands too often.

With links that lead back there would be exponentially many paths; here each folder is entered once.
"""

from __future__ import annotations

import fnmatch


def matches(names: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Return whether the names of a path match a pattern.

    Args:
        names: the parts of the path.
        pattern: the parts of the pattern; `**` matches any number of names, also none.

    Returns:
        Whether all names match the whole pattern.

    Example:
        print(matches(("day", "a.jsonl"), ("**", "*.jsonl")))
    """
    # The positions in `names` that the parts of the pattern so far may end at.
    ends = {0}
    for part in pattern:
        if part == "**":
            ends = set(range(min(ends), len(names) + 1)) if ends else set()
        else:
            ends = {end + 1 for end in ends if end < len(names) and fnmatch.fnmatchcase(names[end], part)}
    return len(names) in ends
