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
# # What happened, and what was ruled out?
#
# A review of an incident that somebody else can check: which data it is about, what was asked, what was concluded
# and why, who was affected and when. This notebook reviews the incident of the sample. For your own, run
# `obskit new incident NAME` in a terminal, and change the next cell.

# %%
import secrets
import tempfile
from pathlib import Path

import obskit as ok

SOURCE = "../sample_events"  # your events: files, folders, a pin
AFFECTED = "http.route = '/book' and duration_ms > 500"  # the requests that the review is about
folder = Path(tempfile.mkdtemp())  # where notes, ledger and report are kept; choose a folder that lasts

# %% [markdown]
# ## What people did
#
# Events don't know when somebody noticed, or when traffic was moved. Notes do. A note is an event, so every view
# shows it.

# %%
notes = folder / "notes"
ok.note("support: third call about bookings that hang", into=notes, at="2026-05-04T11:40Z", phase="detected")
ok.note("asked the team of booking about 2.4.0", into=notes, at="2026-05-04T12:15Z")

events = ok.load([SOURCE, notes])
events.where("name = 'obskit.note'").rows(["timestamp", "body"])

# %% [markdown]
# ## Which data this is about
#
# A pin names the files, their fingerprint and the steps that narrowed them. `ok.load` opens the same events from
# it, also on another machine with a copy of the files (`root=`), and refuses data that has changed. The findings'
# rows are kept next to it further below.

# %%
book = events.where("http.route = '/book'")
ok.pin(book)

# %% [markdown]
# ## What was asked, and what was concluded
#
# Every question goes into the ledger with a judgement: cause, contributing, ruled out, or open. What was ruled
# out matters as much as the cause, because it will be suspected again.

# %%
ledger = ok.Ledger(folder / "review.ledger.jsonl")
rollout = "2026-05-04T10:00Z/2026-05-04T10:30Z"  # both versions were running
found = book.explain("duration_ms > 500", during=rollout)
ledger.keep(
    found,
    "cause",
    question="what do slow bookings have in common?",
    why="2.4.0 waits for a lock when it inserts bookings of the Android app in eu-central-1",
)
found

# %%
kiosks = book.query(
    "count() as bookings",
    "share(duration_ms > 500) as slow",
    by="service.version",
    where="app.platform = 'kiosk'",
)
ledger.keep(
    kiosks,
    "ruled out",
    question="are the slow kiosks part of it?",
    why="kiosks were slow at least as often on 2.3.7, before the deployment",
)
kiosks

# %%
ledger

# %% [markdown]
# ## The data, kept
#
# With `copy=True`, the rows of the findings, their example traces, and a weighted sample of the other bookings are
# kept within a budget: the review can be checked after the events have expired.

# %%
pinned = ok.pin(book, folder / "review.pin.json", copy=True, findings=[found], budget=1_000_000)
pinned

# %% [markdown]
# The same pin gives the same answer:

# %%
again = ok.load(folder / "review.pin.json").explain("duration_ms > 500", during=rollout)
again.findings[0].condition == found.findings[0].condition and again.dataset == found.dataset

# %% [markdown]
# ## The review
#
# The template is filled from the events: impact, timeline, phases, findings, changes. What events cannot know is
# asked for (*To be written*). The file loads nothing from outside, its charts and tables work without a kernel,
# and users appear under pseudonyms. Keep the key outside the report: the same key gives the same pseudonyms.

# %%
review = ok.report(
    events,
    folder / "review.html",
    selection=AFFECTED,
    ledger=ledger,
    pin=pinned,
    title="Slow bookings on 4 May 2026",
    pseudonyms=["user.id"],
    pseudonym_key=secrets.token_bytes(32),
)
review

# %% [markdown]
# `ok.report("review.ipynb", "review.html")` makes such a file of a whole notebook, and a name that ends in `.md`
# gives Markdown.
