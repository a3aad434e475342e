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
# # What changed after the deployment?
#
# On 4 May 2026, some travellers reported that booking a ticket "hangs". The reports began at about ten.
# `booking` 2.4.0 had been rolled out that morning: 5% of its traffic at 10:00 (UTC), all of it at 10:30.
# Is the deployment the cause? Who is affected, and where does the time go?
#
# `sample_events/` contains one day of the platform's traces, sampled. Every count below is an estimate for all
# requests: obskit uses the sample weight that the sampler wrote on each row.

# %%
import obskit as ok

events = ok.load("../sample_events")
events

# %% [markdown]
# ## Which requests got worse
#
# `triage` compares each operation with its own past, at every deployment and every full hour. You choose no
# threshold.

# %%
events.triage()

# %% [markdown]
# Bookings got slower for some users and fail for others. This notebook follows the slow ones. The median has
# hardly changed, so the service is not slow as a whole:

# %%
book = events.where("http.route = '/book'")
book.query("p50(duration_ms) as p50", "p99(duration_ms) as p99", by="service.version", every="30m").plot()

# %% [markdown]
# ## What sets the slow ones apart
#
# The selection is every booking since ten that took longer than half a second. The baseline is every other
# booking of the day: the fast ones since ten, and all earlier ones. So anything that was already slow in the
# morning does not stand out.

# %%
found = book.explain("duration_ms > 500 and timestamp >= '2026-05-04T10:00Z'")
found

# %% [markdown]
# Bookings are slow only where three conditions meet: the new version, the Android app, one region. Kiosks are
# slow as well, but they already were in the morning, so they are not the first finding. One or two of the three
# conditions have less effect:

# %%
cause = found.findings[0].condition
book.query(
    "count() as bookings",
    "share(duration_ms > 500) as slow",
    "p50(duration_ms) as p50",
    by=["service.version", "app.platform"],
    where="cloud.region = 'eu-central-1'",
    order="slow desc",
    limit=8,
)

# %% [markdown]
# ## Where the time goes
#
# `compare` looks at the traces of the finding as a whole, next to all other bookings: the time that each
# operation spends itself, the network between services, what is called how often, and what is logged.

# %%
events.traces().compare(slow=found.findings[0])

# %% [markdown]
# One statement takes all of the added time: `INSERT bookings`. The seat map and the payment are as fast as
# always. This is one of these traces as a waterfall; click a span for its fields:

# %%
events.trace(found.findings[0].examples["selected"][0]["trace_id"])

# %% [markdown]
# The record next to the statement says how long it took, not why. Nothing in these events says what the
# statement waits for; that is a question for the database.

# %%
slow_statements = events.where("name = 'slow_query' and timestamp >= '2026-05-04T10:00Z'")
slow_statements.rows(["timestamp", "body", "service.version", "cloud.region"], order="timestamp", limit=5)

# %% [markdown]
# ## Would a canary have stopped it?
#
# For half an hour 5% of the traffic ran on the new version, next to the old one. `judge` compares the two; its
# verdict holds although it looks again every few minutes.

# %%
book.judge("2.4.0")

# %% [markdown]
# ## Look for yourself
#
# Drag a box over the heatmap (or press the arrow keys, Shift and arrows, Enter). *Difference* says what sets the
# box apart; the other tabs show its fields, groups, messages, rows and traces. Each value has a menu: only
# these, exclude, group by, copy. The filter line completes fields and values while you type, and every step can
# be undone. *Show code* prints the Python for what is on screen. The box below is drawn from Python, so it also
# appears when you run the notebook from top to bottom.

# %%
explorer = ok.Explorer(book)
explorer.brush(x=("2026-05-04T10:00Z", None), y=(500, None))
explorer

# %% [markdown]
# ## How many users it affected

# %%
events.impact(f"http.route = '/book' and duration_ms > 500 and {cause}", by="user.id")

# %% [markdown]
# ## For the record
#
# - **What**: since 2026-05-04 10:00 UTC most bookings from the Android app in eu-central-1 take 0.8 s instead
#   of 0.2 s. The problem continues until the end of the data.
# - **Cause**: `booking` 2.4.0, in that region, for that app. The time is spent in `INSERT bookings`: 0.7 s
#   instead of 13 ms. Other apps and other regions on 2.4.0 are as fast as before.
# - **Not the cause**: kiosks, slow at the same rate before the deployment; the deployments of search (07:10)
#   and notification (14:05).
# - **Affected**: at least one user in six.
# - **Not known**: what the statement waits for. These events do not say.
# - **Detected**: by travellers. The canary at 5% would have failed its verdict before the full rollout at 10:30.
# - **Next**: route eu-central-1 back to 2.3.7; find out what 2.4.0 writes there only for the Android app, and
#   which locks it takes.
# - **Not covered here**: SEPA payments fail since the same hour; `events.triage()` above reports them as a
#   separate finding.
