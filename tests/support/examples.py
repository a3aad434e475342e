"""How many examples a property tries that names a number itself."""

from __future__ import annotations

from hypothesis import settings

_USUAL = 50  # of the profiles of `make test`, in tests/conftest.py


def examples(number: int) -> int:
    """Return `number`, or a part of it where the profile tries fewer than usual, as `versions` does.

    A number in `@settings` takes the place of the profile's, so without this it would be the same in all of them.
    """
    return max(1, number * settings.default.max_examples // _USUAL)
