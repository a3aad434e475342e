"""Results as text, static HTML and plotly figures, from Arrow tables, grids and dicts.

The package draws what it is given and runs no query. Text from the data is escaped here and nowhere else.
Plotly is in the extra `notebook`; static HTML and PNG need only numpy.
"""
