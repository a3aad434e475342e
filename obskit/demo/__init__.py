"""A train-ticket booking platform to look at, with causes planted in it and written down.

`generate` makes up the telemetry of its day: any number of events, the same seed the same rows. `live` runs
it for a minute, as real processes. This room owns what the platform looks like, and refuses to be a general
generator. It imports nothing by itself: a service under `live` shall not pay for the tables of `generate`.
"""
