"""Statistics on plain numbers: numpy and scipy only, nothing of events."""
