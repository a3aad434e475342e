"""The SQL of an expression, with the meaning that the expression has.

Ibis writes `(~x).isnull()` as `NOT (x) IS NULL`, which SQL reads as `NOT ((x) IS NULL)`. So a negation below
`IS` gets parentheses of its own: `(NOT (x)) IS NULL`.
"""

from __future__ import annotations

import ibis.backends.sql.compilers as compilers
import ibis.expr.types as ir
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from sqlglot import exp

DUCKDB: SQLGlotCompiler = compilers.duckdb.compiler


def to_sql(expression: ir.Expr, compiler: SQLGlotCompiler = DUCKDB) -> str:
    """Return the statement for an expression.

    Args:
        expression: a table or a column.
        compiler: writes the SQL of one engine.

    Returns:
        SQL, the same as that of `ibis.to_sql` except for such negations.

    Raises:
        RecursionError: the expression is nested too deeply.
    """
    made = compiler.to_sqlglot(expression.unbind())
    statements = made if isinstance(made, list) else [made]
    for statement in statements:
        for comparison in list(statement.find_all(exp.Is)):
            if isinstance(comparison.this, exp.Not):
                comparison.set("this", exp.Paren(this=comparison.this))
    return ";\n".join(statement.sql(dialect=compiler.dialect, pretty=True) for statement in statements)
