"""Numbers of cards in texts; digits that look similar stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from obskit.instrument import Handle, event
from obskit.instrument.redaction.cards import passes_luhn
from obskit.instrument.redaction.text_scan import may_contain_secret, redact_text

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
# Put together at run time, so that no file holds one.
VISA, AMEX, DINERS, UNION = (
    "4111" * 1 + "1" * 12,
    "3782822" + "46310005",
    "305693" + "09025904",
    "62" + "0" * 13 + "5",
)


@pytest.mark.parametrize(
    "text",
    [
        "paid with §",
        "pan=§;exp=1228",
        "charged twice on §.",
        "row 7: Ann,§,12/28",
        "/pay/§/confirm",
        '{"number": "§"}',
        "§",
    ],
)
@pytest.mark.parametrize("number", [VISA, AMEX, DINERS, UNION])
def test_a_card_s_number_goes(text: str, number: str) -> None:
    given = text.replace("§", number)
    assert may_contain_secret(given)
    assert redact_text(given) == text.replace("§", "[redacted]")


@pytest.mark.parametrize("mark", [" ", "-"])
def test_grouped_numbers_go(mark: str) -> None:
    visa = mark.join(VISA[at : at + 4] for at in range(0, 16, 4))
    amex = mark.join((AMEX[:4], AMEX[4:10], AMEX[10:]))
    assert redact_text(f"visa {visa} and amex {amex}") == "visa [redacted] and amex [redacted]"


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112 shipped",  # fails Luhn
        f"a{VISA}f",
        f"user_{VISA}",
        f"order id {VISA}",
        f"1.{VISA}",
        f"{VISA}.5",
        "at 1767225600000 ms",
        "1234 5678 9012 3456 rows",
        f"{VISA[:12]}",
        f"9{VISA}{VISA}",
    ],
)
def test_digits_that_are_no_card_stay(text: str) -> None:
    assert redact_text(text) == text


def test_integers_and_ids_are_never_cards(service: Service, rows: Rows) -> None:
    service()
    with event("work") as e:
        e.add({"db.rows": int(VISA), "order.id": VISA, "orderId": VISA, "note": VISA})
    (row,) = rows()
    assert (row["db.rows"], row["order.id"], row["orderId"]) == (int(VISA), VISA, VISA)
    assert row["note"] == "[redacted]"


def test_luhn() -> None:
    assert passes_luhn(VISA)
    assert not passes_luhn(VISA[:-1] + "2")
