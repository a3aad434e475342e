"""The engine room: what a condition means, and DuckDB to count with it.

It owns `Condition` (text, or an Ibis expression, parsed once into a value), `Scope` (which rows of which
dataset a question is about) and the engine that runs what Ibis compiles. It refuses text pasted into SQL.
"""

from obskit.engine.condition import (
    Condition,
    Expression,
    Names,
    all_of,
    negate,
    parse_condition,
    parse_expression,
    text_of_ibis,
    unknown_field,
)
from obskit.engine.duck import Answer, DuckEngine, Engine, Mask, filter_table
from obskit.engine.items import condition_of, format_condition, format_value
from obskit.engine.population import Population, check_population
from obskit.engine.scope import Scope
from obskit.engine.times import Window, parse_moment, parse_window, window_or_condition
from obskit.engine.tokens import KnownNames, Token, quote_name, quote_string, tokenize
from obskit.engine.values import microseconds, moment, parse_span, parse_time, time_literal

__all__ = [
    "Answer",
    "Condition",
    "DuckEngine",
    "Engine",
    "Expression",
    "KnownNames",
    "Mask",
    "Names",
    "Population",
    "Scope",
    "Token",
    "Window",
    "all_of",
    "check_population",
    "condition_of",
    "filter_table",
    "format_condition",
    "format_value",
    "microseconds",
    "moment",
    "negate",
    "parse_condition",
    "parse_expression",
    "parse_moment",
    "parse_span",
    "parse_time",
    "parse_window",
    "quote_name",
    "quote_string",
    "text_of_ibis",
    "time_literal",
    "tokenize",
    "unknown_field",
    "window_or_condition",
]
