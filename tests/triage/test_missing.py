"""What is missing is named, with where and since when; a day without trouble has nothing missing."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obskit import load
from obskit.schema.types import LINKS_TYPE
from obskit.triage import Triage
from obskit.triage import triage as run
from obskit.triage.missing import Loss
from obskit.triage.missing.moved import has_moved
from obskit.triage.missing.steps import Step, Volumes, find_steps, silence_unit, unit_size
from tests.triage.traffic import START, traffic

pytestmark = pytest.mark.once


def later(table: pa.Table, hour: float) -> pa.Array:
    moment = pa.scalar(int((START + hour * 3600) * 1e6), pa.timestamp("us", "UTC"))
    return pc.greater_equal(table["timestamp"], moment)


def equal(table: pa.Table, **values: str) -> pa.Array:
    found = pa.array(np.ones(table.num_rows, bool))
    for name, value in values.items():
        found = pc.and_(found, pc.fill_null(pc.equal(table[name.replace("_", ".")], value), False))
    return found


def triage(table: pa.Table, gone: pa.Array, **options: str) -> Triage:
    return load(table.filter(pc.invert(gone))).triage(**options)


def only(result: Triage) -> Loss:
    (loss,) = result.missing
    return loss


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_without_trouble_has_nothing_missing(seed: int) -> None:
    """Rush hours, bursts, a night job, sampling by route, retries, a rollout that replaces pods."""
    found = load(traffic(seed, sampled=seed % 2 == 0)).triage()
    assert found.missing == ()
    assert found.causes == ()


def test_a_region_that_vanished_is_named() -> None:
    """eu   ||||||||||||||||________   from 14:10 on
    us   ||||||||||||||||||||||||
    """
    table = traffic(4, 12_000, sampled=False)
    loss = only(triage(table, pc.and_(equal(table, cloud_region="eu"), later(table, 14.17))))
    assert (loss.kind, loss.what, loss.condition) == ("work", "volume", "cloud.region = 'eu'")
    assert abs(loss.since.timestamp() - START - 14.17 * 3600) < 900
    assert loss.gone
    assert loss.expected > 1000
    assert "gone since" in loss.headline()
    assert loss.note == "every event of it is gone: the work stopped, or it is no longer reported"


def test_a_region_that_is_gone_is_named_even_if_its_work_may_have_moved() -> None:
    """Few requests of uneven traffic: whether the other regions took over can't be seen."""
    table = traffic(2, 6_000)
    loss = only(triage(table, pc.and_(equal(table, cloud_region="eu"), later(table, 14.17))))
    assert loss.condition == "cloud.region = 'eu'"
    assert loss.gone
    assert loss.note == (
        "every event of it is gone: the work stopped, went elsewhere, or is no longer reported"
    )


def test_a_region_is_named_where_a_country_shows_that_its_requests_did_not_move() -> None:
    """Few sampled requests: in the traffic of the other regions alone, nothing is to be seen."""
    table = traffic(4, 10_000)
    regions = table["cloud.region"].to_pylist()
    countries = pa.array([{"eu": "DE", "us": "US", "ap": "JP"}[region] for region in regions])
    table = table.append_column("geo.country.iso_code", countries)
    # a few Germans are abroad
    abroad = pc.equal(pa.array(np.random.default_rng(1).integers(0, 20, table.num_rows)), 0)
    moved = pc.if_else(abroad, "us", table["cloud.region"])
    table = table.set_column(table.schema.get_field_index("cloud.region"), "cloud.region", moved)
    found = triage(table, pc.and_(equal(table, cloud_region="eu"), later(table, 14.17)))
    assert found.missing[0].condition == "cloud.region = 'eu'"


def test_a_chain_is_one_loss_also_if_one_of_its_shops_is_steadier() -> None:
    """eu-a  ||||||||||||||||________   steady: more evidence than the chain has
    eu-b  |||:..:||||:.:||________   uneven over the day
    """
    table = traffic(4, 12_000, sampled=False)
    rng = np.random.default_rng(2)
    traces = table["trace_id"].to_numpy(zero_copy_only=False)
    draws = {trace: rng.random(2) for trace in sorted(set(traces))}
    side, kept = np.array([draws[trace] for trace in traces]).T
    hours = (table["timestamp"].cast(pa.int64()).to_numpy() / 1e6 - START) / 3600
    regions = table["cloud.region"].to_pylist()
    shops = [f"{region}-{'a' if x < 0.5 else 'b'}" for region, x in zip(regions, side, strict=True)]
    uneven = kept < np.where(hours % 4 < 2, 0.1, 1.0)
    table = table.append_column("shop.chain", table["cloud.region"]).append_column("shop.id", pa.array(shops))
    table = table.drop_columns(["cloud.region"]).filter(pa.array(uneven | (np.array(shops) != "eu-b")))
    loss = only(triage(table, pc.and_(equal(table, shop_chain="eu"), later(table, 14.17))))
    assert loss.condition == "shop.chain = 'eu'"


def test_one_zone_is_not_its_region() -> None:
    """eu-a  ||||||||||||||||________
    eu-b  ||||||||||||||||||||||||
    """
    table = traffic(4, 20_000, sampled=False)
    rng = np.random.default_rng(2)
    traces = table["trace_id"].to_numpy(zero_copy_only=False)
    draws = {trace: rng.random() for trace in sorted(set(traces))}
    regions = table["cloud.region"].to_pylist()
    zones = [
        f"{region}-{'a' if draws[trace] < 0.8 else 'b'}"
        for region, trace in zip(regions, traces, strict=True)
    ]
    countries = [region.upper() for region in regions]
    table = table.append_column("cloud.availability_zone", pa.array(zones))
    table = table.append_column("customer.country", pa.array(countries))
    gone = pc.and_(pc.equal(pa.array(zones), "eu-a"), later(table, 14.17))
    found = triage(table, gone).missing
    assert [loss.condition for loss in found] == ["cloud.availability_zone = 'eu-a'"]


def test_a_loss_that_is_over_is_found_with_its_end() -> None:
    """eu   |||||||||||||_____|||||||   from 12:00 to 14:00
    us   |||||||||||||||||||||||||
    """
    table = traffic(4, 20_000, sampled=False)
    over = pc.and_(later(table, 12), pc.invert(later(table, 14)))
    loss = only(triage(table, pc.and_(equal(table, cloud_region="eu"), over)))
    assert (loss.what, loss.condition, loss.gone) == ("volume", "cloud.region = 'eu'", True)
    assert loss.until is not None
    assert abs(loss.since.timestamp() - START - 12 * 3600) < 900
    assert abs(loss.until.timestamp() - START - 14 * 3600) < 900
    assert " until 2026-05-04T1" in loss.headline()
    assert ", then back: 0 of about " in loss.headline()
    assert json.loads(json.dumps(loss.to_dict()))["until"].startswith("2026-05-04T1")


def test_a_tenant_that_was_gone_for_three_hours_is_found() -> None:
    table = traffic(9, 30_000, sampled=False)
    over = pc.and_(later(table, 12), pc.invert(later(table, 15)))
    loss = only(triage(table, pc.and_(equal(table, tenant_id="t1"), over)))
    assert loss.condition == "tenant.id = 't1'"
    assert loss.until is not None


def test_a_dip_of_everything_is_no_loss_of_one() -> None:
    table = traffic(5)
    rng = np.random.default_rng(1)
    traces = table["trace_id"].to_numpy(zero_copy_only=False)
    kept = {trace: bool(rng.random() < 0.4) for trace in sorted(set(traces))}
    gone = pc.and_(pa.array([not kept[trace] for trace in traces]), later(table, 14))
    assert triage(table, gone).missing == ()


def test_messages_without_their_consumer_are_found_for_one_tenant() -> None:
    table = traffic(6, 20_000)
    gone = pc.and_(equal(table, service_name="mail", tenant_id="t1"), later(table, 12))
    loss = only(triage(table, gone))
    assert (loss.kind, loss.what, loss.condition) == ("work", "children", "tenant.id = 't1'")
    assert loss.parent == {"service.name": "web", "name": "publish orders"}
    assert loss.child == {"service.name": "mail", "name": "process orders"}
    assert loss.before > 0.95
    assert loss.after < 0.05
    assert abs(loss.since.timestamp() - START - 12 * 3600) < 1200


def test_a_consumer_that_links_to_its_producer_is_followed() -> None:
    """Each message is processed in a trace of its own, with a link to the span that published it."""
    table = traffic(6, 20_000)
    mail = equal(table, service_name="mail").to_numpy(zero_copy_only=False)
    trace, parent = (table[name].to_pylist() for name in ("trace_id", "parent_span_id"))
    links = [
        [{"trace_id": t, "span_id": p, "trace_state": None, "attributes": None}] if own else None
        for own, t, p in zip(mail, trace, parent, strict=True)
    ]
    own_trace = [t[::-1] if own else t for own, t in zip(mail, trace, strict=True)]
    no_parent = [None if own else p for own, p in zip(mail, parent, strict=True)]
    for name, values in (("trace_id", own_trace), ("parent_span_id", no_parent)):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values, pa.string()))
    table = table.append_column("links", pa.array(links, LINKS_TYPE))
    gone = pc.and_(equal(table, service_name="mail", tenant_id="t1"), later(table, 12))
    found = triage(table, gone).missing
    assert (found[0].what, found[0].condition) == ("children", "tenant.id = 't1'")
    assert found[0].parent == {"service.name": "web", "name": "publish orders"}
    assert found[0].child == {"service.name": "mail", "name": "process orders"}


def test_a_call_that_no_longer_follows_is_found() -> None:
    table = traffic(7)
    gone = pc.and_(equal(table, name="INSERT orders"), later(table, 15))
    loss = only(triage(table, gone))
    assert (loss.kind, loss.condition) == ("work", "")
    assert loss.headline().startswith("store POST /store: followed by store INSERT orders 100%")


def test_spans_whose_callers_go_on_are_missing_telemetry() -> None:
    table = traffic(8)
    losses = triage(table, pc.and_(equal(table, service_name="store"), later(table, 15))).missing
    telemetry = [loss for loss in losses if loss.child == {"service.name": "store", "name": "POST /store"}]
    assert [loss.kind for loss in telemetry] == ["telemetry"]
    assert "its callers go on without errors" in telemetry[0].note
    text = str(triage(table, pc.and_(equal(table, service_name="store"), later(table, 15))))
    assert "Missing telemetry, of work that may go on:\n    web POST: followed by store POST /store" in text


def test_changed_sampling_is_missing_telemetry() -> None:
    table = traffic(9, sampled=False)
    rng = np.random.default_rng(2)
    late = later(table, 13).to_numpy(zero_copy_only=False)
    traces = table["trace_id"].to_numpy(zero_copy_only=False)
    kept = {trace: bool(rng.random() < 0.1) for trace in sorted(set(traces))}
    weights = pa.array(np.where(late, 10.0, 1.0))
    gone = pa.array(late & np.array([not kept[trace] for trace in traces]))
    loss = only(triage(table.append_column("sample_weight", weights), gone))
    assert (loss.kind, loss.what, loss.before, loss.after) == ("telemetry", "sampling", 1.0, 10.0)
    assert loss.headline().startswith("all events: sampling changed since ")
    assert loss.headline().endswith("one event in 1 was kept, now one in 10")


def test_operations_may_be_derived() -> None:
    table = traffic(7)
    gone = pc.and_(equal(table, name="INSERT orders"), later(table, 15))
    left = table.filter(pc.invert(gone)).rename_columns(
        ["what" if name == "name" else name for name in table.column_names]
    )
    loss = only(load(left).derive(name="lower(what)").triage())
    assert loss.child == {"service.name": "store", "name": "insert orders"}


def test_a_sample_may_lack_what_exists() -> None:
    table = traffic(4, 12_000, sampled=False)
    gone = pc.and_(equal(table, cloud_region="eu"), later(table, 14))
    scope = load(table.filter(pc.invert(gone))).scope
    sample = dataclasses.replace(scope, sampled=True)
    assert run(sample).missing == ()
    assert run(scope).missing != ()


def test_since_is_the_moment_that_is_compared() -> None:
    table = traffic(4, 12_000, sampled=False)
    gone = pc.and_(equal(table, cloud_region="eu"), later(table, 14))
    result = triage(table, gone, since="2026-05-04T14:00Z")
    assert [loss.condition for loss in result.missing] == ["cloud.region = 'eu'"]
    assert result.missing[0].since.isoformat() == "2026-05-04T14:00:00+00:00"
    found = result.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["missing"][0]["condition"] == "cloud.region = 'eu'"
    assert "<h4>Missing work</h4><p>cloud.region = &#x27;eu&#x27;: gone since" in result._repr_html_()


def steps(*series: list[float]) -> list[int]:
    w = np.array(series, float)
    found = find_steps(Volumes(w, w, w.sum(axis=0)), np.arange(6, w.shape[1]), np.log(1e-6))
    return [step.slice for step in found]


def test_only_an_abrupt_fall_against_the_rest_is_a_step() -> None:
    flat, half = [100.0] * 24, [100.0] * 12 + [50.0] * 12
    assert steps(half, flat, flat) == [0]
    assert steps(half, half, half) == []  # everything dips
    assert steps(flat, flat, [100.0] * 12 + [900.0] * 12) == []  # one grows, the others lose nothing
    slope = list(np.linspace(200, 20, 24))
    assert steps(slope, flat, flat) == []  # a slow fall
    job = [0.0] * 4 + [100.0] * 8 + [0.0] * 12
    assert steps(job, flat, flat) == []  # it had been silent before


def test_how_seldom_a_slice_is_silent_says_how_many_events_come_together() -> None:
    """
    share moves   1 1 3 3 1 1 3 3     uneven, but never silent: events come one by one
    bursts        0 9 0 0 9 0 0 9     as often silent as if nine came together
    """
    rng = np.random.default_rng(3)
    whole = np.full(40, 200.0)
    moves = rng.poisson(np.tile(np.repeat([6.0, 18.0], 5), 4)).astype(float)
    bursts = 9.0 * rng.poisson(0.7, 40)
    assert silence_unit(moves, whole, 1.0) < 5 < unit_size(moves, moves, whole)
    assert 8 < silence_unit(bursts, whole, 1.0) < 30


def test_an_uneven_slice_that_is_gone_is_a_step() -> None:
    """
    share   1 1 3 3 1 1 3 3 | 0 0 0 0   found, though its share moves by a factor of three
    bursts  0 9 0 0 9 0 0 9 | 0 0 0 0   not found: it is often silent
    job     0 0 0 0 5 5 5 5 | 0 0 0 0   not found: it had been silent for hours
    """
    rng = np.random.default_rng(3)
    uneven = np.concatenate([rng.poisson(np.tile(np.repeat([6.0, 18.0], 5), 3)), np.zeros(10)]).astype(float)
    burst = np.concatenate([36.0 * (rng.random(30) < 0.3), np.zeros(10)])
    job = np.concatenate([np.zeros(22), rng.poisson(20.0, 8), np.zeros(10)]).astype(float)
    w = np.array([uneven, burst, job])
    volumes = Volumes(w, w, np.full(40, 200.0))
    found = find_steps(volumes, np.arange(6, 40), -16.0)
    assert [(step.slice, step.at, step.gone) for step in found] == [(0, 30, True)]


def test_bursts_count_as_few_events() -> None:
    rng = np.random.default_rng(3)
    alone = rng.poisson(20, 48).astype(float)
    bursts = 20.0 * rng.poisson(1, 48)
    whole = np.full(48, 1000.0)
    assert unit_size(alone, alone, whole) < 2.5
    assert unit_size(bursts, bursts, whole) > 10


def volumes_of(*series: list[float]) -> tuple[npt.NDArray[np.float64], Step]:
    w = np.array([*series, [0.0] * len(series[0])])
    (step,) = find_steps(Volumes(w[:1], w[:1], w.sum(axis=0)), np.arange(6, w.shape[1]), np.log(1e-6))
    return w, step


@pytest.mark.parametrize(
    ("rest", "moved"),
    [
        ([[40.0] * 48], (False,)),  # the other pod goes on as before
        ([[40.0] * 24 + [80.0] * 24], (True,)),  # the other one takes over
        ([[40.0] * 48, [0.0] * 24 + [40.0] * 24], (True,)),  # a new one does
        ([[40.0] * 24 + [44.0] * 24] * 10, (True, None)),  # all others a little, which may not be seen
        ([[160.0] * 24 + [200.0] * 24], (True, None)),
    ],
)
def test_what_others_took_over_is_no_loss(rest: list[list[float]], moved: tuple[bool | None, ...]) -> None:
    rng = np.random.default_rng(8)
    noisy = [list(rng.poisson(one).astype(float)) for one in rest]
    w, step = volumes_of([40.0] * 24 + [0.0] * 24, *noisy)
    assert has_moved(w, w, step) in moved
