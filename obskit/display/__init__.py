"""Pictures of results: Arrow tables, grids and dicts in; plotly figures or static HTML out.

The room draws what it is given and holds no query. Whatever is text in the data stays text: it is escaped
here and nowhere else. Plotly belongs to the extra `notebook`; the static HTML and the PNG need only numpy.
"""
