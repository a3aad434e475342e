"""The booking platform as real processes on loopback: gateway, booking and payment, and a client.

    run               the whole run: start, load, canary, fault, verdict, stop, explain
    scenario          what the client requests, and what goes wrong when
    client            sends the load
    watching          judges the canary while it runs
    supervisor        starts and stops the processes of the services
    service_process   the main program of one service
    services          the FastAPI applications of the services
    run_report        what the events say about the run

Needs the extra `live`. `service_process` and `services` import nothing that only the extra `data` installs:
four services start at once, and a real service would not import it either.
"""
