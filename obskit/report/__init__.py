"""Reports: a notebook, a ledger or an incident as one HTML or Markdown file that loads nothing.

Everything becomes blocks of plain text first (`blocks`); all of them are cleaned of secrets and identities
(`clean`) before they are written as a page or as Markdown.
"""

from obskit.callable_package import make_callable
from obskit.report.run import Report, report

__all__ = ["Report", "report"]

make_callable(__name__, report)
