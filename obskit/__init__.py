"""obskit: find which requests are slow or failing after a deployment, for whom, and why."""
