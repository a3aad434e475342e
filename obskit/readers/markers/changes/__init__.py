"""Markers of changes other than deployments: flags, migrations, scans, experiments."""
