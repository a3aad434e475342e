"""Build the documentation site: `python tools/build_site.py [FOLDER [DOCS]]`, by default docs/ into site/.

`make docs` writes docs/api before. Every warning of Sphinx is an error: a link or an anchor that leads
nowhere, a page that is not in the navigation, code that is not of its language.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import main as sphinx

ROOT = Path(__file__).resolve().parents[1]


def build(out: Path, docs: Path) -> int:
    """Build the site; return 0, or 1 if Sphinx warns of anything.

    Args:
        out: the folder of the site; it is created.
        docs: the folder of the pages, with conf.py.
    """
    # Without an earlier environment, so that pages that have not changed are checked too.
    with tempfile.TemporaryDirectory() as environment:
        strict = ["--fail-on-warning", "--nitpicky", "--fresh-env", "--quiet"]
        return sphinx(["-b", "html", *strict, "-d", environment, str(docs), str(out)])


if __name__ == "__main__":
    given = [Path(argument) for argument in sys.argv[1:]]
    sys.exit(build(*given, *(ROOT / "site", ROOT / "docs")[len(given) :]))
