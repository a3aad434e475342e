from __future__ import annotations


def test_a_figure_is_drawn_without_upload_or_embedded_library(lab, new_page):
    page = new_page()
    cell = (
        "import numpy as np\n"
        "from obskit.figures.heatmap import heatmap\n"
        "heatmap(np.eye(4), np.arange(5.0), np.geomspace(1, 100, 5))"
    )
    lab.open(page, [cell], "figure.ipynb")
    lab.run_all(page)
    page.locator(".js-plotly-plot .hm, .js-plotly-plot .heatmaplayer image").first.wait_for()
    page.locator(".js-plotly-plot").hover()
    titles = page.locator(".modebar-btn").evaluate_all("nodes => nodes.map((node) => node.dataset.title)")
    assert "Download plot as a PNG" in " ".join(titles)
    assert not [title for title in titles if "hare" in title or "loud" in title or "Plotly" in title]
