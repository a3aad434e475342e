"""What obskit costs beside what a user would pick instead, measured in one run."""
