"""An attack on obskit within a bounded time: `python -m tests.attack --help`.

Each part makes inputs from a seed and a number, so that every input can be made again. `load` mutates files of
every format, `receive` mutates requests to a receiver, `conditions` makes conditions, `host` passes odd values
to the API that services call, and `death` kills a process during its first load.
"""
