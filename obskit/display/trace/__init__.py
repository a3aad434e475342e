"""One trace for people: its tree, its times, its critical path, as text, HTML, SVG and a figure."""
