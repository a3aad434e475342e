"""OpenTelemetry's provider interface: our own provider, and joining another one."""
