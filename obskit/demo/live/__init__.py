"""The booking platform as real processes on loopback: gateway, booking, payment, and who uses them.

    run         the whole: start, load, canary, fault, stop, read what was written
    story       who asks for what, and what goes wrong when
    client      a load bounded in rate, number and time
    processes   the services' processes as whoever starts them sees them
    process     one of them, from the inside
    services    what they answer

Needs the extra `live`. `process` and `services` import nothing of the extra `data`: four of them start at
once, and a service of one's own would not either.
"""
