"""Conditions, scopes and the engine that runs them.

A `Condition` is text or an Ibis expression, parsed once. A `Scope` is a dataset with the rows and derived
fields that a question is about. The engine, DuckDB, runs the SQL that Ibis compiles; a user's text is never
pasted into SQL.
"""

from obskit.engine.background import start_thread
from obskit.engine.condition import (
    Condition,
    Expression,
    all_of,
    ibis_to_text,
    negate,
    parse_condition,
    parse_expression,
)
from obskit.engine.draws import drawn
from obskit.engine.duck import TRACED_VIEW, DuckEngine, Engine, QueryOutput, filter_table
from obskit.engine.encrypted import Decryption
from obskit.engine.field_names import Names, unknown_field
from obskit.engine.items import format_condition, format_exclusion, format_value
from obskit.engine.make_masks import masks_by_file
from obskit.engine.masks import Mask, check_rows
from obskit.engine.place import placed_rows
from obskit.engine.plain_rows import RowPicker
from obskit.engine.population import Population, check_population
from obskit.engine.scope import Scope
from obskit.engine.times import Window, parse_moment, parse_window, split_window, window_or_condition
from obskit.engine.tokens import KnownNames, Token, quote_name, quote_string, tokenize
from obskit.engine.values import microseconds, moment, parse_span, parse_time, time_literal
from obskit.engine.window import time_window

__all__ = [
    "TRACED_VIEW",
    "Condition",
    "Decryption",
    "DuckEngine",
    "Engine",
    "Expression",
    "KnownNames",
    "Mask",
    "Names",
    "Population",
    "QueryOutput",
    "RowPicker",
    "Scope",
    "Token",
    "Window",
    "all_of",
    "check_population",
    "check_rows",
    "drawn",
    "filter_table",
    "format_condition",
    "format_exclusion",
    "format_value",
    "ibis_to_text",
    "masks_by_file",
    "microseconds",
    "moment",
    "negate",
    "parse_condition",
    "parse_expression",
    "parse_moment",
    "parse_span",
    "parse_time",
    "parse_window",
    "placed_rows",
    "quote_name",
    "quote_string",
    "split_window",
    "start_thread",
    "time_literal",
    "time_window",
    "tokenize",
    "unknown_field",
    "window_or_condition",
]
