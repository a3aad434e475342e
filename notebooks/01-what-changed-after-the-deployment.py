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
# On 4 May 2026 travellers wrote that booking a ticket "hangs". Not all of them, and not before about ten.
# `booking` 2.4.0 had been rolled out that morning: 5% of its traffic at 10:00 (UTC), all of it at 10:30.
# Is it the deployment, for whom, and where does the time go?
#
# `sample_events/` holds a day of the platform's traces, sampled; every count below is of all requests, by the
# weight that the sampler wrote on each row.

# %%
import obskit as ok

events = ok.load("../sample_events")
events

# %% [markdown]
# ## Which requests got worse
#
# `triage` holds each operation against its own earlier time, at every deployment and full hour. No threshold to
# choose.

# %%
events.triage()

# %% [markdown]
# Bookings: slower for some, failing for others. This notebook follows the slow ones. The median has hardly
# moved, so the service is not slow as a whole:

# %%
book = events.where("http.route = '/book'")
book.query("p50(duration_ms) as p50", "p99(duration_ms) as p99", by="service.version", every="30m").plot()

# %% [markdown]
# ## What sets the slow ones apart
#
# The outcome is "slower than half a second, since ten"; the baseline is every other booking of the day: the
# fast ones beside them, and all that came before. What was slow in the morning already counts against itself.

# %%
found = book.explain("duration_ms > 500 and timestamp >= '2026-05-04T10:00Z'")
found

# %% [markdown]
# Three things must come together: the new version, the Android app, one region. Kiosks are slow as well, but
# they were in the morning too: that is why they are not first. Each of the three alone, or two of them, does
# less:

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
# One of the example traces that came with the finding, as a waterfall:

# %%
events.trace(found.findings[0].examples["selected"][0]["trace_id"])

# %% [markdown]
# The seat map and the payment answer as ever. `INSERT bookings` waits; the `slow_query` record beside it says
# for what.

# %% [markdown]
# ## Look for yourself
#
# Drag a box over the heatmap (or press the arrow keys, Shift and arrows, Enter). Each value has a menu: only
# these, without these, group by. *Show code* gives the lines for what is on screen. The box below is drawn
# from Python, so that running this notebook from top to bottom shows it too.

# %%
explorer = ok.Explorer(book)
explorer.brush(x=("2026-05-04T10:00Z", None), y=(500, None))
explorer

# %% [markdown]
# ## How many it hit

# %%
events.impact(f"http.route = '/book' and duration_ms > 500 and {cause}", by="user.id")

# %% [markdown]
# ## For the record
#
# - **What**: since 2026-05-04 10:00 UTC most bookings from the Android app in eu-central-1 take 0.8 s instead
#   of 0.2 s. It was not over when the data ends.
# - **Cause**: `booking` 2.4.0, in that region, for that app. The time is spent in `INSERT bookings`, waiting
#   for a lock. Other apps and other regions on 2.4.0 are as fast as before.
# - **Not the cause**: kiosks, slow at the same rate before the deployment; the deployments of search (07:10)
#   and notification (14:05).
# - **Hit**: at least one user in six.
# - **Next**: route eu-central-1 back to 2.3.7; ask what 2.4.0 writes there for the Android app alone.
# - **Left open here**: from the same hour SEPA payments fail; `events.triage()` above has them as a finding of
#   their own.
