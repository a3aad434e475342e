"""A list of secrets and harmless values that measures the redaction.

It was written from what services write, not from what the rules recognize. Its two halves have the same
classes: `dev` is there to be read while the rules are changed, `held_out` only to be scored. A new class
goes into both, with different spellings. `more` is a third list, by name or place only, that goes through programs,
notations, languages and vendors one by one; it may be read as `dev`.
"""
