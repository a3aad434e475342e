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
# A service that uses `obskit.instrument` writes one wide event a unit of work: a line of JSON with whatever the
# code knows about it. This notebook is such a service: a few functions that sell seats on trains. They run,
# break, and are asked why.
#
# Real services on real ports, FastAPI and all: `obskit demo --live`.

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
# `configure`, early and once; and `event` around a unit of work. The rest of this cell is what one decides
# sooner or later. Health checks are not worth a line each: one in twenty is kept, and weighs twenty. And who
# bought what is nobody's business: of `user.id` a pseudonym is written. Its key lives as long as this kernel;
# yours comes from where you keep secrets.

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
    """The line that was written last."""
    return json.loads(handle.file.read_text().splitlines()[-1])


with event("GET /trains") as e:
    e.add({"search.from": "Munich", "search.to": "Berlin"}, found=12)

newest()

# %% [markdown]
# It is in the file as soon as its block ends, also if the process is killed the moment after. The names are
# OpenTelemetry's, and so is the rest: within the block it is the current span, `traceparent` goes out and comes
# in, and the spans of other instrumentations are its children.
#
# ## What the code knows
#
# `add` puts fields on the event of the current unit of work, however deep in it one is: nothing is passed
# through. `part` times a part of the work where a span of its own would be too much. `flag` notes what a
# feature flag said. What has many values is welcome: an id of each user, cart and train.


# %%
class NoSeatLeft(Exception):
    """There are fewer seats than were asked for."""


rollout = 0.0  # share of the users with the new seat map
cache = set()


def free_seats(train, new_map):
    with part("seat lookup"):
        add({"seat_map.cache.hit": train["number"] in cache})
        cache.add(train["number"])
        if new_map and train["kind"] == "night":
            time.sleep(0.04)  # what we shall pretend not to know
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
    """Nothing to say but that it was asked."""


# %% [markdown]
# What fails says so: an exception that leaves the block is `error.type` and `exception.*` on its event.

# %%
train = {"number": "T512", "kind": "day", "free": 3}
with contextlib.suppress(NoSeatLeft):
    book({"user": "u-4711", "app": "web", "train": train, "seats": 4, "fare": 39.0})
{name: value for name, value in newest().items() if not name.startswith(("process.", "exception.stack"))}

# %% [markdown]
# ## What never to put on an event
#
# A card number, a password, a token. They get there all the same, in an address or a header, and are taken out
# before the first write:

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
# Bookings and health checks, for a few seconds. After a third of them the new seat map is rolled out to half
# of the users, and a marker says so.

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
# The folder is all there is: no server, no agent. Copy it, or `obskit triage` it where it is.

# %%
events = ok.load(folder)
events

# %% [markdown]
# Of the health checks `count()` is an estimate of all that were made, by the weight on each row: as good as one
# in twenty allows, to a tenth or two here. What is kept whole is counted exactly. `rows()` is what lies on the
# disk.

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
# Night trains, with the new seat map. Nobody has made a metric of the two together, or a dashboard: both were
# fields on the event before anybody asked. And where the time goes, the timed part says:

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
# - **What they look like**: a line of JSON a unit of work, flat, with OpenTelemetry's names; one file a process.
# - **What they let me ask**: anything that a field or three of them can tell apart, and of whom:
#   `events.impact("duration_ms > 30", by="user.id")` counts pseudonyms as well as names.
# - **What to add next**: what you looked up in the last incident. If the code knows it, it is one `add` away.
