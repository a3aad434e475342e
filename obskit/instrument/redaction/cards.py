"""Numbers of payment cards in texts: 13 to 19 digits with an issuer's prefix that pass Luhn's check.

Only texts are searched, never integers, and only digits that stand alone or in groups of four, not
those of an id, a hash or a time. Nine of ten random numbers with the right prefix fail the check.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.rules import MASK

# Not within a word, a decimal, a number with more groups, or an address.
_ALONE = re.compile(
    r"(?<![\w.+#$€-])(?<!\d[ -])"
    r"(?:\d{13,19}|\d{4}(?P<mark>[ -])\d{4}(?P=mark)\d{4}(?P=mark)\d{1,4}(?:(?P=mark)\d{1,3})?"
    r"|\d{4}(?P<other>[ -])\d{6}(?P=other)\d{4,5})"
    r"(?![\w$€%]|[.:-]\d|[ -]\d)"
)
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|3(?:0[0-5]"
    r"|[689]\d)\d{11}"
    r"|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}|(?:5018|5020|5038|5893|6304"
    r"|6759|676[1-3])\d{9,15}"
)
# The word before says that the number is something else.
_ID_BEFORE = re.compile(
    r"(?:\b|_)(?:ids?|order|trace|span|ref|reference|hash|time|timestamp|ts|seq|sequence|offset|count|rows?"
    r"|build|version|serial|tweet|user|tracking|shipment|invoice|ticket|epoch|bytes|total|imei|isbn|ean|phone"
    r"|tel|nonce|size)['\"]?\s?[:=#]?\s?['\"]?\Z",
    re.IGNORECASE,
)
_THIRTEEN = "0" * 13


def may_contain_card(kinds: str) -> bool:
    """Return whether a text has as many digits in a row, or in groups, as a card has.

    Args:
        kinds: the text with 0 for a digit, a and A for letters, : and ! for signs, and - for what else ends
            a word.

    Returns:
        False for certain; True if `without_cards` may find one.
    """
    if "0000-0000" not in kinds and _THIRTEEN not in kinds:
        return False  # the usual case
    # Where a number ends is sought, because its digits alone are in every hash.
    return (
        "0000000000000-" in kinds
        or "-0000-0000-" in kinds
        or "-000000-0000" in kinds
        or kinds.endswith(_THIRTEEN)
        or "0000000000000:" in kinds
        or "0000000000000!" in kinds
    )


def without_cards(text: str) -> str:
    """Return a text with the numbers of payment cards masked."""
    return _ALONE.sub(_card, text)


def _card(found: re.Match[str]) -> str:
    digits = found[0].replace(" ", "").replace("-", "")
    if not _ISSUERS.fullmatch(digits) or not passes_luhn(digits):
        return found[0]
    before = found.string[max(0, found.start() - 24) : found.start()]
    return found[0] if _ID_BEFORE.search(before) else MASK


def passes_luhn(digits: str) -> bool:
    """Return whether the last of some decimal digits is the check digit that Luhn's formula gives."""
    odd = sum(map(int, digits[-1::-2]))
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (odd + even) % 10 == 0
