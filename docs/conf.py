"""Configure the documentation site: Sphinx reads the Markdown of this folder, `make docs` fills site/.

The site loads nothing from the network: fonts, search and scripts are files next to the pages, so it also
works when it is opened from a folder (file://).
"""

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]

project = "obskit"
version = release = _PROJECT["version"]
author = "the obskit developers"
project_copyright = ""

extensions = ["myst_parser"]
root_doc = "index"
smartquotes = False  # what is quoted may be typed
# The pages are read on git servers as well: no syntax beyond Markdown, tables and the navigation.
myst_enable_extensions = []
# A link to a heading that does not exist is an error, because `make docs` turns warnings into errors.
myst_heading_anchors = 4

html_theme = "pydata_sphinx_theme"
html_title = f"obskit {release}"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
# Pages without others next to them have no navigation at the side.
html_sidebars = dict.fromkeys(("index", "tutorial", "troubleshooting", "search"), ())
html_use_index = False
# The extracts below results are fetched, which a browser refuses for files.
html_show_search_summary = False
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["obskit.css"]
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["sphinx-version"],
    "footer_end": [],
    "show_toc_level": 2,
    # Only the pages below the present one; the theme's buttons that unfold others have no name.
    "collapse_navigation": True,
    "header_links_before_dropdown": 6,
}
