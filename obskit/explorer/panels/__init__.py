"""The tabs beside the picture. Each module answers the question of one tab; only the open tab is asked.

`panel` has what an answer consists of, and chooses the module. `groups`, `rows`, `fields`, `messages` and
`traces` run the calls of `calls` and turn their results into text and numbers for the page. The tab
"difference" is the explanation, which `presentation` makes.
"""

from obskit.explorer.panels.panel import Panel, answer

__all__ = ["Panel", "answer"]
