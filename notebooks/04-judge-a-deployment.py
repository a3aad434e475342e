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
# # Can 2.4.0 go on?
#
# It is 4 May 2026, 10:20 UTC. `booking` 2.4.0 replaces 2.3.7 in steps: 5% of the traffic at 10:00, 25% at 10:05,
# 50% at 10:10. At 10:30 it would get all of it. Should that step happen?
#
# `sample_events/` contains one day of the platform's traces, sampled. `during` below leaves out what nobody knew
# at 10:20. With live data you do not need it.

# %%
import obskit as ok

events = ok.load("../sample_events")
rollout = "2026-05-04T10:00Z/2026-05-04T10:20Z"

# %% [markdown]
# ## The verdict
#
# Each request of the candidate is compared with those that the old version answered in the same minute, for the
# same operation. So neither the hour of the day nor the change from 5% to 50% is in the numbers.

# %%
verdict = events.judge(candidate="2.4.0", during=rollout)
verdict

# %% [markdown]
# `regress`: it fails more often, and it is slower. The ratio of the error rates has no upper end because 2.3.7 did
# not fail at all, and its lower end is what counts. No single pod has most of the failures, so a bad machine is
# not the reason.
#
# Each panel with the rates of both versions has one with the evidence below it. Where the evidence reaches 1, the
# regression is shown.

# %%
verdict.plot()

# %% [markdown]
# ## When could one know
#
# You may look as often as you like: the probability of a wrong alarm is 5% over all looks together, not 5% for
# each look.

# %%
{
    end: events.judge(candidate="2.4.0", during=f"2026-05-04T10:00Z/2026-05-04T{end}Z").word
    for end in ("10:05", "10:10", "10:12", "10:15", "10:20")
}

# %% [markdown]
# At 5% of the traffic, a few minutes have too few requests for any verdict. `no_data` and `inconclusive` do not
# mean that all is well. They mean: stay at this step.
#
# ## What fails, and for whom
#
# At 10:20, 14 failed bookings of 2.4.0 are in the sample, too few to say what they have in common. The rest of
# the day has enough of them:

# %%
cause = events.judge(candidate="2.4.0").explain()
cause

# %% [markdown]
# ## Can it go on without them
#
# Suppose a feature flag takes SEPA payments out of 2.4.0. Is the rest good enough?

# %%
rest = events.judge(candidate="2.4.0", during=rollout, where="payment.method != 'sepa_debit'")
rest

# %% [markdown]
# No: without SEPA payments nothing fails, but 2.4.0 is still slower. [What changed after the
# deployment?](01-what-changed-after-the-deployment.ipynb) finds the reason: the Android app in one
# region. Is everything else good enough?

# %%
others = "payment.method != 'sepa_debit' and not (app.platform = 'android' and cloud.region = 'eu-central-1')"
events.judge(candidate="2.4.0", during=rollout, where=others)

# %% [markdown]
# `inconclusive`: no difference is shown, but a rise beyond the margin is not excluded either. The last sentence
# says how many more requests a decision is likely to need.
#
# ## For the record
#
# - **Answer**: no. Do not take the step at 10:30; route the traffic back to 2.3.7.
# - **Why**: 2.4.0 fails on about 4% of its requests, 2.3.7 on none in the same minutes. The p95 is more than three
#   times as long.
# - **Since**: shown at 10:12, two minutes after the step to 50%.
# - **For whom**: nearly all failures are SEPA payments. The slow bookings are another problem.
# - **What would help next time**: a longer step at 25%. At 5% and this traffic, a step of five minutes cannot
#   be judged.
# - **In a pipeline**: `obskit judge EVENTS --candidate 2.4.0` prints the same verdict and ends with status 0
#   for `pass`, 10 for `regress`, 11 for `inconclusive` and 12 for `no_data`: see [judge](../docs/cli.md).
