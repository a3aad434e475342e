"""Tags of a git repository, and the safe way to run git."""
