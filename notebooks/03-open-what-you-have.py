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
# One table, whose names are OpenTelemetry's, and a report of what did not fit into it. This notebook writes a
# folder as one finds it in an incident, each file by another tool, and opens it.
#
# Which formats there are, and what becomes of each: [Formats](../docs/formats.md).

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
# 700 people fetch a ticket: a span of the gateway, below it one of `tickets`, below that one of `mailer`. At
# half past ten `tickets` goes to 3.1.0, which has the certificate for each ticket in a phone's wallet from the
# network instead of its cache. That takes half a second, and a point within the span says where it came from.

# %%
dice = random.Random(3)
start = dt.datetime(2026, 5, 4, 10, tzinfo=dt.UTC)


def spans(number):
    """The three spans of one request."""
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
# Each service is watched by a tool of its own: the gateway by Jaeger, `tickets` by an OpenTelemetry Collector,
# and `mailer` writes lines. obskit writes all three, by the suffix. A `Written` says how much, and what a format
# could not hold as it was.

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
# The rest nobody wrote for us: the access log of the proxy in front, what GitHub sent about the deployment, and
# lines of an older service, one of which was torn when the disk was full.

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
# The folder, at once. What a file is, its content says.

# %%
events = ok.load(folder)
events

# %% [markdown]
# What did not go in as it was, the load report says, with file and place: the torn line, a name of yesterday's
# that has today's name now, a status that came as text, another that is no number.

# %%
events.load_report

# %% [markdown]
# The access log's lines are requests of a server, to be asked with the others; whose, such a log does not say.
# A 502 is an error, whoever wrote it down:

# %%
events.query("count()", "count(error) as errors", by=["kind", "service.name"], order="kind, service.name")

# %% [markdown]
# ## Markers
#
# GitHub's document is a deployment, of the same fields as one that `obskit.instrument` marks:

# %%
events.where("name = 'deployment'").query(
    "count()", by=["timestamp", "service.name", "service.version", "deployment.status", "user.name"]
)

# %% [markdown]
# so `triage` holds the time since against the time before:

# %%
events.triage()

# %% [markdown]
# ## The same question, whatever the format
#
# The incident again, whole, in each format, and each asked what is slow in `tickets`:

# %%
answers = {}
for suffix in [".jsonl.gz", ".otlp.json", ".jaeger.json", ".parquet"]:
    path = folder.with_name(f"{folder.name}-incident{suffix}")
    incident.write(path)
    found = ok.load(path).where("service.name = 'tickets'").explain("duration_ms > 300")
    answers[suffix] = (found.findings[0].condition, found.findings[0].selected)
answers

# %% [markdown]
# ## What stands within a span
#
# `points()` makes rows of what spans recorded on their way. Here they say where the time went:

# %%
events.points().query("count()", by=["name", "certificate.from", "service.name"])

# %% [markdown]
# ## A CSV with names of its own
#
# A mapping says which column is which of ours, in what unit, and what means nothing:

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
# What was found goes on in whatever the next tool reads: here the slow traces, for Jaeger's own screens. On the
# command line it is `obskit convert`.

# %%
slow = events.where("service.name = 'tickets' and duration_ms > 300")
print(slow.write(folder.with_name(f"{folder.name}-slow.jaeger.json.gz")))

# %% [markdown]
# ## For the record
#
# - **What obskit makes of them**: one table, with OpenTelemetry's names and types; and a load report, in which
#   nothing is lost in silence. On the command line: `obskit info FOLDER`.
# - **Not in a file yet**: `-` is [stdin](../docs/formats.md#from-elsewhere-stdin-urls), in every command.
# - **Not on this machine**: a [URL](../docs/formats.md#from-elsewhere-stdin-urls) is a file, a folder or a
#   pattern elsewhere, with the extra `remote`.
# - **Not written by anybody**: [`obskit receive`](../docs/receive.md) takes OTLP from services and Collectors,
#   and writes a folder that can be asked while it grows.
