"""What people write down while they investigate: notes on the time axis, and judgements in a ledger."""

from obskit.record.ledger import JUDGEMENTS, Entry, Ledger
from obskit.record.notes import PHASES, note

__all__ = ["JUDGEMENTS", "PHASES", "Entry", "Ledger", "note"]
