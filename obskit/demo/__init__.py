"""A made-up train-ticket booking platform with known causes of slowness and errors planted in its telemetry.

`generate` makes up one day of its events: any number of them, and the same seed gives the same rows. `live`
runs the platform for a minute as real processes. The package describes this one platform; it is not a
general event generator. `__init__` imports nothing, so a service under `live` does not load what `generate`
needs.
"""
