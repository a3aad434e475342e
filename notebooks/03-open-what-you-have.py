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
# # I have files of some tool; what does obskit make of them?
#
# obskit makes one table of them, with OpenTelemetry's names, and a report of everything that did not fit. This
# notebook writes a folder like one you find in an incident, with files from different tools, and opens it.
#
# [Formats](../docs/formats.md) lists the formats and how each is read.

# %%
import datetime as dt
import json
import os
import random
import tempfile
from pathlib import Path

import pandas as pd

import obskit as ok

# %% [markdown]
# ## A small incident
#
# 700 people fetch a ticket. Each request has a span of the gateway, its child in `tickets`, and a child of that
# in `mailer`. At 10:30, `tickets` is deployed as 3.1.0. From then on, a ticket for a phone's wallet gets its
# certificate from the network instead of the cache. That takes half a second, and a span event records where the
# certificate came from.

# %%
dice = random.Random(3)
start = dt.datetime(2026, 5, 4, 10, tzinfo=dt.UTC)


def spans(number):
    """Yield the three spans of one request."""
    when = start + dt.timedelta(seconds=5 * number)
    version = "3.1.0" if number >= 360 else "3.0.4"
    wanted = dice.choice(["pdf", "paper", "wallet"])
    bad = version == "3.1.0" and wanted == "wallet"
    took = dice.lognormvariate(3.5, 0.4) + (500 if bad else 0)
    trace, *ids = (f"{dice.getrandbits(bits):0{bits // 4}x}" for bits in (128, 64, 64, 64))
    fetched = json.dumps(
        [
            {
                "timestamp": f"{when + dt.timedelta(milliseconds=9):%FT%T.%fZ}",
                "name": "certificate.fetched",
                "attributes": {"certificate.from": "network" if bad else "cache"},
            }
        ]
    )
    facts = {"ticket.format": wanted, "app.platform": dice.choice(["android", "ios", "web"])}
    for depth, (service, name, kind) in enumerate(
        [("gateway", "GET /ticket", "server"), ("tickets", "issue", "server"), ("mailer", "send", "consumer")]
    ):
        yield {
            "timestamp": when + dt.timedelta(milliseconds=2 * depth),
            "duration_ms": [took + 4, took, 3 + dice.random()][depth],
            "name": name,
            "kind": kind,
            "trace_id": trace,
            "span_id": ids[depth],
            "parent_span_id": ids[depth - 1] if depth else None,
            "service.name": service,
            "service.version": version if service == "tickets" else "1.9.2",
            "user.id": f"u-{number}",
            **(facts if service == "tickets" else {}),
            "events": fetched if service == "tickets" else None,
        }


incident = ok.load(pd.DataFrame([span for number in range(700) for span in spans(number)]))
incident.query("count()", by="service.name")

# %% [markdown]
# Each service has its own tool: the gateway uses Jaeger, `tickets` an OpenTelemetry Collector, and `mailer`
# writes JSON lines. obskit writes all three formats and chooses by the suffix. A `Written` says how much was
# written, and what the format could not represent.

# %%
folder = Path(tempfile.gettempdir()) / f"what-you-have-{os.getpid()}"
folder.mkdir()
names = {"gateway": "traces.jaeger.json", "tickets": "export.otlp.json", "mailer": "mailer.jsonl.gz"}
for service, name in names.items():
    written = incident.where(f"service.name = '{service}'").write(folder / name)
    print(
        f"{written.rows} events of {written.fields} fields in {name}: {written.format}",
        *written.notes,
        sep="; ",
    )

# %% [markdown]
# The other files do not come from obskit: the access log of the proxy in front, what GitHub sent about the
# deployment, and lines of an older service. One of those lines was torn when the disk was full.

# %%
(folder / "access.log").write_text(
    """\
203.0.113.9 - - [04/May/2026:10:31:02 +0000] "GET /ticket/4711?as=wallet HTTP/1.1" 200 5120 "-" "Rail/8.3 (iOS)"
203.0.113.7 - - [04/May/2026:10:31:04 +0000] "GET /ticket/4712 HTTP/1.1" 200 48211 "-" "Mozilla/5.0"
203.0.113.9 - ann [04/May/2026:10:31:09 +0000] "POST /refund HTTP/1.1" 502 157 "-" "Rail/8.3 (iOS)"
"""
)
(folder / "github.json").write_text(
    json.dumps(
        {
            "action": "created",
            "deployment_status": {
                "id": 7,
                "state": "success",
                "description": "certificates by ticket",
                "environment": "production",
                "creator": {"login": "ann"},
                "created_at": "2026-05-04T10:30:00Z",
            },
            "deployment": {"id": 42, "sha": "8f14e45fceea", "ref": "3.1.0", "task": "deploy", "payload": {}},
            "repository": {"name": "tickets", "full_name": "rail/tickets"},
        },
        indent=2,
    )
)
(folder / "refunds.jsonl").write_text(
    """\
{"time": "2026-05-04T10:31:09Z", "service.name": "refunds", "name": "refund", "http.status_code": "502"}
{"time": "2026-05-04T10:31:12Z", "service.name": "refunds", "name": "refund", "http.st
{"time": "2026-05-04T10:31:15Z", "service.name": "refunds", "name": "refund", "http.status_code": "soon"}
"""
)
sorted(path.name for path in folder.iterdir())

# %% [markdown]
# ## Open it
#
# Open the whole folder at once. obskit detects each format from the content of the file.

# %%
events = ok.load(folder)
events

# %% [markdown]
# The load report lists, with file and position, everything that was changed or rejected: the torn line, an
# outdated name that was replaced, a status that was text, and a status that is not a number.

# %%
events.load_report

# %% [markdown]
# The lines of the access log are server requests, and you query them together with the others. Such a log does
# not name its service. A 502 is an error in every format:

# %%
events.query("count()", "count(error) as errors", by=["kind", "service.name"], order="kind, service.name")

# %% [markdown]
# ## Markers
#
# GitHub's document becomes a deployment marker, with the same fields as one from `obskit.instrument`:

# %%
events.where("name = 'deployment'").query(
    "count()", by=["timestamp", "service.name", "service.version", "deployment.status", "user.name"]
)

# %% [markdown]
# so `triage` compares the time after it with the time before:

# %%
events.triage()

# %% [markdown]
# ## The same question, whatever the format
#
# Write the whole incident in each format, and ask each file what is slow in `tickets`:

# %%
answers = {}
for suffix in [".jsonl.gz", ".otlp.json", ".jaeger.json", ".parquet"]:
    path = folder.with_name(f"{folder.name}-incident{suffix}")
    incident.write(path)
    found = ok.load(path).where("service.name = 'tickets'").explain("duration_ms > 300")
    answers[suffix] = (found.findings[0].condition, found.findings[0].selected)
answers

# %% [markdown]
# ## What happened during a span
#
# `points()` turns span events into rows. They show where the time went:

# %%
events.points().query("count()", by=["name", "certificate.from", "service.name"])

# %% [markdown]
# ## A CSV with names of its own
#
# A mapping says which column is which field, in what unit, and which value means missing:

# %%
table = folder.with_name(f"{folder.name}-printers.csv")
table.write_text(
    """\
Begin,Took,Job,Printer
1777890662000,81000,print,p-4
1777890669000,2304000,print,p-9
1777890675000,77000,reprint,-
"""
)
mapping = {
    "timestamp": {"from": "Begin", "unit": "ms"},
    "duration_ms": {"from": "Took", "unit": "us"},
    "name": "Job",
    "printer.id": {"from": "Printer", "null": ["-"]},
}
ok.load(table, mapping=mapping).to_pandas()[list(mapping)]

# %% [markdown]
# ## The way out
#
# Write the result in the format of the next tool. Here, the slow traces go to Jaeger's UI. On the command line,
# use `obskit convert`.

# %%
slow = events.where("service.name = 'tickets' and duration_ms > 300")
print(slow.write(folder.with_name(f"{folder.name}-slow.jaeger.json.gz")))

# %% [markdown]
# ## For the record
#
# - **What obskit makes of them**: one table with OpenTelemetry's names and types, and a load report, so that
#   nothing is lost silently. On the command line: `obskit info FOLDER`.
# - **Not in a file yet**: `-` means [stdin](../docs/formats.md#from-elsewhere-stdin-urls) in every command.
# - **Not on this machine**: a [URL](../docs/formats.md#from-elsewhere-stdin-urls) of a file, a folder or a pattern
#   works too, with the extra `remote`.
# - **Not written yet**: [`obskit receive`](../docs/receive.md) accepts OTLP from services and Collectors, and
#   writes a folder that you can query while it grows.
