"""Redaction rules: a prefilter, the pattern that runs where it passes, and the replacement.

Running every pattern on every text would cost more than the rest of an event. So each rule names substrings
without which its pattern cannot match. The prefilters of many rules become one function, such as

    lambda text: ('-' in text and ('sk-' in text or 'glpat-' in text)) or ('[' in text and '[SQL: ' in text)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

MASK = "[redacted]"
"""The replacement for a secret."""


@dataclass(frozen=True)
class Search:
    """A pattern that one search finds, compiled when it is first needed."""

    pattern: str


Need = str | Search | tuple[str, ...]
"""A substring; a pattern that one search finds; or a substring without which none of the following ones is
there, such as a "k" without which a text has neither "token" nor "key"."""

Needs = tuple[tuple[Need, ...], ...]
"""Groups; a text passes if it has at least one of every group. Cheap groups come first: a rare character."""

Prefilter = Callable[[str, str], bool]
"""A test of a text, and of the same text in lower case."""

compile_once = cache(re.compile)
"""Compile a pattern when it is first needed: hundreds of them would double the time of an import."""


class Rule(NamedTuple):
    """A pattern that runs only on texts that pass a prefilter.

    Attributes:
        needs: the prefilter; in lower case if the table ignores case.
        pattern: what to replace, in time linear in the text.
        replacement: a template, or a function of the match.
        confirm: a pattern that the combined prefilter searches for instead of all groups but the first, where
            one search is cheaper or more exact than many substrings.
        starts: where a match can begin, in the text in lower case. A search that has to ignore case tries
            every alternative at every character; this one skips most characters.
    """

    needs: Needs
    pattern: str
    replacement: str | Callable[[re.Match[str]], str] = MASK
    confirm: str | None = None
    starts: str | None = None


class Prefiltered(NamedTuple):
    """What a rule needs, with what its table needs; the pattern that confirms it; whether it ignores case."""

    needs: Needs
    confirm: str | None
    ignore_case: bool


class RuleTable:
    """Rules that are applied in order.

    Args:
        rules: in the order in which they are applied.
        needs: the part of the prefilter that all rules share.
        context: what a text needs as well: "re-auth needed" only mentions a word.
        ignore_case: prefilters are tested on the text in lower case.
    """

    def __init__(
        self, rules: Iterable[Rule], *, needs: Needs = (), context: Needs = (), ignore_case: bool = False
    ) -> None:
        self.rules = tuple(rules)
        self.needs = needs
        self.context = context
        self.ignore_case = ignore_case

    @cached_property
    def may_match(self) -> Prefilter:
        """The prefilter of all rules: False is certain."""
        return combined_prefilter((self,))

    def apply(self, text: str, lower: str) -> str:
        """Return a text with the matches of all rules replaced.

        Args:
            text: any text.
            lower: the text in lower case, before any table was applied.

        Returns:
            The text; the same object if no rule matched.
        """
        ignore_case = self.ignore_case
        if not self.may_match(text, lower):
            return text
        for needs, pattern, replacement, _, starts in self.rules:
            tested = lower if ignore_case else text
            for group in needs:
                for part in group:
                    if part in tested if type(part) is str else _has(part, tested):
                        break
                else:
                    break
            else:
                compiled = compile_once(pattern)
                if starts is None:
                    text = compiled.sub(replacement, text)
                else:
                    text = _substituted(compiled, replacement, text, compile_once(starts))
        return text


# Letters that patterns that ignore case take for ASCII letters, but lower() does not.
_FOLD = str.maketrans({"ſ": "s", "ı": "i", "İ": "i", "K": "k"})


def folded(text: str) -> str:
    """Return a text in lower case, as patterns that ignore case read it; nearly always of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLD).lower()


_LONG_MATCH = 400


def _substituted(
    pattern: re.Pattern[str],
    replacement: str | Callable[[re.Match[str]], str],
    text: str,
    starts: re.Pattern[str],
) -> str:
    """Return a text with the matches of a pattern replaced that begin where `starts` finds something."""
    lower = folded(text)
    if len(lower) != len(text):
        return pattern.sub(replacement, text)
    done = resume = 0
    out: list[str] = []
    for start in starts.finditer(lower):
        at = start.start()
        if at < resume:
            continue
        found = pattern.match(text, at)
        if found is None:
            continue
        after = replacement(found) if callable(replacement) else found.expand(replacement)
        if after != found[0]:  # or else a match may begin within this one
            out += text[done:at], after
            done = resume = found.end()
        elif found.end() - at > _LONG_MATCH:
            resume = (at + found.end()) // 2  # not every match to the end of the text, from each of its words
    return "".join(out) + text[done:] if out else text


def _has(need: Need, text: str) -> bool:
    if isinstance(need, str):
        return need in text
    if isinstance(need, tuple):
        return need[0] in text and any(part in text for part in need[1:])
    return compile_once(need.pattern).search(text) is not None


def combined_prefilter(tables: Iterable[RuleTable]) -> Prefilter:
    """Return a function that tests whether a text passes the prefilter and context of any rule.

    Args:
        tables: whose rules.

    Returns:
        A function of a text, and of the same text in lower case.
    """
    return compiled(prefiltered(tables))


def prefiltered(tables: Iterable[RuleTable]) -> list[Prefiltered]:
    """Return the whole prefilter of every rule: what its table needs, and what it needs itself."""
    return [
        Prefiltered((*table.needs, *table.context, *rule.needs), rule.confirm, table.ignore_case)
        for table in tables
        for rule in table.rules
    ]


def compiled(prefilters: list[Prefiltered]) -> Prefilter:
    """Return one function that tests whether a text passes any of some prefilters."""
    searches: dict[str, str] = {}
    terms = [
        _expression(
            [(needs, confirm) for needs, confirm, ignores in prefilters if ignores is ignore_case],
            name,
            searches,
        )
        for ignore_case, name in ((False, "text"), (True, "lower"))
    ]
    source = f"lambda text, lower: bool({' or '.join(filter(None, terms)) or False})"
    names = {name: compile_once(pattern).search for pattern, name in searches.items()}
    prefilter: Prefilter = eval(source, names)  # noqa: S307 - made of quoted constants of these modules alone
    return prefilter


def _expression(prefilters: list[tuple[Needs, str | None]], text: str, searches: dict[str, str]) -> str:
    """Return the source of a test for any prefilter; those that begin with the same group share its test."""
    alone: dict[Need, None] = {}
    longer: dict[tuple[Need, ...], list[tuple[Needs, str | None]]] = {}
    for (first, *rest), confirm in prefilters:
        if confirm is not None:
            longer.setdefault(first, []).append((((Search(confirm),),), None))
        elif rest:
            longer.setdefault(first, []).append((tuple(rest), None))
        else:
            alone |= dict.fromkeys(first)
    # Single signs are found in most texts, and fastest.
    terms = [_any_of(sorted(alone, key=_length), text, searches)] if alone else []
    # What a group that stands alone lets pass needs no second test.
    terms += [
        f"({_any_of(first, text, searches)}) and ({_expression(rest, text, searches)})"
        for first, rest in longer.items()
        if not alone.keys() >= {*first}
    ]
    return " or ".join(terms)


def _length(need: Need) -> int:
    return len(need) if isinstance(need, str) else 99


def _any_of(parts: Iterable[Need], text: str, searches: dict[str, str]) -> str:
    return " or ".join(_test(part, text, searches) for part in parts)


def _test(need: Need, text: str, searches: dict[str, str]) -> str:
    if isinstance(need, str):
        return f"{need!r} in {text}"
    if isinstance(need, tuple):
        return f"({need[0]!r} in {text} and ({' or '.join(f'{part!r} in {text}' for part in need[1:])}))"
    return f"{searches.setdefault(need.pattern, f'search_{len(searches)}')}({text}) is not None"
