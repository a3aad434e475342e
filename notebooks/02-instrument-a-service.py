# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What do my own service's events look like, and what do they let me ask?
#
# A service that uses `obskit.instrument` writes one wide event per unit of work: a line of JSON with everything
# that the code knows about it. This notebook is such a service: a few functions that sell seats on trains. They
# run, some calls fail, and the events show why.
#
# For real FastAPI services on real ports, run `obskit demo --live`.

# %%
import contextlib
import json
import os
import random
import secrets
import tempfile
import time
from collections import Counter
from pathlib import Path

import obskit as ok
from obskit.instrument import Redaction, Sampling, add, configure, deployment, event, flag, part

# %% [markdown]
# ## Two lines
#
# Call `configure` once, early, and put `event` around each unit of work. The other settings in this cell are
# choices you make sooner or later. Health checks are not worth a line each, so one in twenty is kept, with a
# sample weight of 20. Who bought what is private, so `user.id` is written as a pseudonym. Its key exists only
# in this kernel; in a real service, take the key from where you keep secrets.

# %%
folder = Path(tempfile.gettempdir()) / f"seats-{os.getpid()}"
handle = configure(
    "seats",
    version="2.4.0",
    environment="notebook",
    sink=folder,
    sampling=Sampling(by="name", ratios={"GET /health": 0.05}, errors=True),
    redaction=Redaction(pseudonyms=("user.id",), pseudonym_key=secrets.token_bytes(32)),
)


def newest():
    """Return the last event written."""
    return json.loads(handle.file.read_text().splitlines()[-1])


with event("GET /trains") as e:
    e.add({"search.from": "Munich", "search.to": "Berlin"}, found=12)

newest()

# %% [markdown]
# The event is in the file as soon as its block ends, even if the process is killed right after. The event uses
# OpenTelemetry's names and is an OpenTelemetry span: inside the block it is the current span, `traceparent` is
# sent and accepted, and the spans of other instrumentations are its children.
#
# ## What the code knows
#
# `add` puts fields on the event of the current unit of work, however deep the call is; you pass no object
# around. `part` times a part of the work that does not deserve a span of its own. `flag` records the value of a
# feature flag. Fields with many distinct values are welcome: the id of each user, cart and train.


# %%
class NoSeatLeft(Exception):
    """There are fewer free seats than requested."""


rollout = 0.0  # share of the users with the new seat map
cache = set()


def free_seats(train, new_map):
    with part("seat lookup"):
        add({"seat_map.cache.hit": train["number"] in cache})
        cache.add(train["number"])
        if new_map and train["kind"] == "night":
            time.sleep(0.04)  # the cause that we pretend not to know
    return train["free"]


@event("POST /book")
def book(order):
    train = order["train"]
    add(
        {
            "user.id": order["user"],
            "app.platform": order["app"],
            "train.number": train["number"],
            "train.kind": train["kind"],
            "cart.seats": order["seats"],
            "fare.total": order["fare"] * order["seats"],
        }
    )
    new_map = random.Random(order["user"]).random() < rollout
    flag("new-seat-map", "on" if new_map else "off", marker=False)
    if free_seats(train, new_map) < order["seats"]:
        raise NoSeatLeft(f"{order['seats']} seats on {train['number']}")


@event("GET /health")
def health():
    """Add no fields: the event itself is enough."""


# %% [markdown]
# Failures are recorded: an exception that leaves the block sets `error.type` and `exception.*` on its event.

# %%
train = {"number": "T512", "kind": "day", "free": 3}
with contextlib.suppress(NoSeatLeft):
    book({"user": "u-4711", "app": "web", "train": train, "seats": 4, "fare": 39.0})
{name: value for name, value in newest().items() if not name.startswith(("process.", "exception.stack"))}

# %% [markdown]
# ## What never to put on an event
#
# Never put a card number, a password or a token on an event. They still get there, in a URL or a header. obskit
# removes them before the event is written:

# %%
token = secrets.token_hex(16)
with event("POST /pay") as e:
    e.add(
        {
            "url.full": f"https://shop:{token}@pay.example/charge?seats=2&access_token={token}",
            "http.request.header.authorization": f"Bearer {token}",
            "db.query.text": f"select * from sessions where token = '{token}'",
        }
    )
on_disk = "".join(path.read_text() for path in folder.glob("*.jsonl"))
shown = {name: newest()[name] for name in ("url.full", "http.request.header.authorization", "db.query.text")}
shown | {"the token is on the disk": token in on_disk}

# %% [markdown]
# ## Some traffic
#
# Run bookings and health checks for a few seconds. After a third of them, the new seat map is rolled out to
# half of the users, and a marker records it.

# %%
dice = random.Random(4)
trains = [{"number": f"T{n}", "kind": "night" if n % 4 == 0 else "day", "free": 80} for n in range(500, 540)]
asked = Counter()
for number in range(900):
    if number == 300:
        rollout = 0.5
        deployment("new-seat-map-50", name="new seat map for half of the users", version="2.4.0")
    order = {
        "user": f"u-{dice.randrange(5000)}",
        "app": dice.choice(["android", "ios", "web"]),
        "train": dice.choice(trains),
        "seats": dice.choice([1, 1, 2, 4]),
        "fare": round(dice.uniform(9, 120), 2),
    }
    book(order)
    health()
    health()
    asked.update({"POST /book": 1, "GET /health": 2})

{name: count for name, count in handle.counters.items() if count}

# %% [markdown]
# ## Reading them back
#
# The folder contains everything: there is no server and no agent. Copy it, or run `obskit triage` on it.

# %%
events = ok.load(folder)
events

# %% [markdown]
# For the health checks, `count()` estimates how many there were, from the sample weight of each row. With one in
# twenty kept, the estimate is accurate to 10 or 20% here. Operations that are not sampled are counted exactly.
# `rows()` is the number of rows on disk.

# %%
print(dict(asked))
events.query("count()", "rows()", by="name", order="name")

# %% [markdown]
# ## Asking
#
# Some bookings take 30 ms and more. Which?

# %%
booked = events.where("name = 'POST /book'")
found = booked.explain("duration_ms > 30")
found

# %% [markdown]
# The slow ones are night trains with the new seat map. Nobody had to prepare a metric or a dashboard for this
# combination: both were already fields on the event. The timed part shows where the time goes:

# %%
booked.query(
    "count()",
    "p50(duration_ms)",
    "p50(part.seat_lookup.duration_ms) as lookup",
    by=["train.kind", "feature_flag.new-seat-map"],
    order="lookup desc",
)

# %% [markdown]
# ## For the record
#
# - **What they look like**: one flat line of JSON per unit of work, with OpenTelemetry's names; one file per
#   process.
# - **What they let me ask**: anything that one to three fields can separate, and who is affected:
#   `events.impact("duration_ms > 30", by="user.id")` counts pseudonyms as well as names.
# - **What to add next**: what you had to look up in the last incident. If the code knows it, one `add` records
#   it.
