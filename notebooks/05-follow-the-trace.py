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
# # Where in the requests does the time go?
#
# `triage` says which requests became slow, and what they have in common. A request is a tree of spans in several
# services, and most of them are as fast as ever. This notebook goes from the finding to the operation that takes
# the time: over all slow traces at once, then in one of them, then across a queue.

# %%
import obskit as ok

events = ok.load("../sample_events")
found = events.triage(since="2026-05-04T10:00Z")
cause = found.causes[0]
print("\n".join([cause.headline(), *cause.lines()]))

# %% [markdown]
# The line "where the time goes" is already the answer in short: triage compared a sample of the slow traces with
# normal ones. Here is the comparison with all of them.
#
# ## Slow traces compared with normal ones
#
# A trace is slow if one of its events is among those of the finding. Normal are all other bookings, also those
# before ten. Each trace counts once, however many spans it has.

# %%
bookings = events.traces(where="http.route = '/book'")
slow = cause.explanation.findings[0]
compared = bookings.compare(slow=slow)
compared

# %% [markdown]
# The *self time* of a span is the time in which none of its children was running. So the time is in
# `INSERT bookings`, not in what calls it, and nearly all of the excess is on the critical path: the caller waits
# for it. The other rows say how the structure differs. They follow from the selection, because bookings that fail
# are never slow, and only the others are stored and published.
#
# Which services have evidence at all?

# %%
compared.services.to_pandas()

# %% [markdown]
# ## The services
#
# The map is drawn from the spans. Its colors are the change against the traces before ten: the median of a
# service, so a slow minority does not color it. Click on a service to see only what it calls and what calls it.

# %%
bookings.map(baseline="timestamp < '2026-05-04T10:00Z'")

# %% [markdown]
# ## One trace, next to a normal one
#
# The comparison names typical traces of both sides. In the waterfall, drag to zoom, click on a span for its
# fields. The keyboard works, too: arrows move and fold, `/` searches. Next to each duration is that of the same
# span in the normal trace.

# %%
example, usual = compared.examples["slow"][0], compared.examples["normal"][0]
events.trace(example, beside=usual)

# %% [markdown]
# The insert has a log record: the mark at the end of its bar. It was the database that took long, not the wait for
# a connection, for which `db.client.pool_wait_ms` has only a fraction of a millisecond:

# %%
insert = events.where(f"trace_id = '{example}' and (body is not null or name = 'INSERT bookings')")
insert.rows(["name", "severity_text", "body", "duration_ms", "db.client.pool_wait_ms"])

# %% [markdown]
# ## Across a queue
#
# A consumer that handles many messages at once cannot be a child of all their senders. It begins a trace of its
# own, and each message becomes a *span link*. The sample has no such worker, so this cell adds one: it prints the
# receipts of three bookings.

# %%
import json
import tempfile
from pathlib import Path

sent = events.where("kind = 'producer'").rows(["trace_id", "span_id"], order="timestamp", limit=3)
senders = sent.to_arrow().to_pylist()
batch = {"service.name": "receipts", "trace_id": "5" * 32, "timestamp": "2026-05-04T00:30:00Z"}
spans = [
    batch | {"name": "print", "kind": "consumer", "span_id": "5" * 16, "duration_ms": 900, "links": senders},
    batch
    | {
        "name": "spool",
        "kind": "client",
        "span_id": "6" * 16,
        "parent_span_id": "5" * 16,
        "duration_ms": 850,
    },
]
worker = Path(tempfile.mkdtemp()) / "receipts.jsonl"
worker.write_text("\n".join(map(json.dumps, spans)))

both = ok.load(["../sample_events", worker])
both.traces(where="service.name = 'receipts'", linked=True)

# %% [markdown]
# With `linked=True`, the worker and the three bookings are one trace, and every question can be asked about it.
# The map shows the messages as edges, with the time that they waited:

# %%
together = both.traces(where="service.name = 'receipts'", linked=True)
together.map()

# %% [markdown]
# ## For other tools
#
# The traces, with the linked ones and their log records, can be written for a tracing tool. The command line does
# the same: `obskit traces sample_events --slow "duration_ms > 3000" --out slow.json --to jaeger`.

# %%
print(together.write(worker.with_name("traces.json"), "jaeger"))

# %% [markdown]
# ## For the record
#
# - **Answer**: in `INSERT bookings` of `booking`: 13 ms became 0.7 s, in all but one of 676 slow bookings.
# - **Since**: version 2.4.0, for the Android app in `eu-central-1`.
# - **Ruled out**: the network, payment, the seat map and the notifications. They are as fast as before. The pool
#   of connections, too.
# - **Next**: what does the database wait for? [A review](06-post-incident-review.ipynb) keeps the answer.
