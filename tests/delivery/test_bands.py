"""Bands have a version and limits of their own; nothing is guessed about either."""

import pytest

from obskit.delivery.bands import read_bands
from obskit.delivery.metrics import Metric
from obskit.errors import InvalidArgument, NoSuchPath
from obskit.stats.intervals import Interval

OURS = {
    "version": "ours 1",
    "bands": {
        "names": ["fast", "usual", "slow"],
        "lead_time": ["1d", "7d"],
        "deployment_frequency": [1, 0.2],
        "change_fail_rate": [0.05, 0.15],
    },
}
DAY = 86_400.0


def metric(name, value, low, high):
    return Metric(name, "s", Interval(value, low, high), 10)


@pytest.mark.parametrize(
    ("given", "band"),
    [
        (metric("lead_time", DAY / 2, DAY / 4, DAY * 0.9), "fast"),
        (metric("lead_time", DAY / 2, DAY / 4, DAY), "fast to usual"),
        (metric("lead_time", DAY / 2, None, None), "fast to slow"),
        (metric("lead_time", 9 * DAY, 8 * DAY, None), "slow"),
        (metric("lead_time", None, None, None), None),
        (metric("deployment_frequency", 2.0, 1.5, 3.0), "fast"),
        (metric("deployment_frequency", 0.5, 0.1, 0.9), "usual to slow"),
        (metric("recovery_time", 5.0, 1.0, 9.0), None),
    ],
)
def test_the_band_of_the_whole_interval(given, band):
    assert read_bands(OURS).of(given) == band


def test_a_file(tmp_path):
    path = tmp_path / "bands.toml"
    path.write_text('version = "ours 1"\n[bands]\nnames = ["a", "b"]\nlead_time = ["2h"]\n')
    found = read_bands(path)
    assert (found.version, found.names, found.limits) == ("ours 1", ("a", "b"), {"lead_time": (7200.0,)})
    assert read_bands(found) is found
    assert read_bands(None) is None


def changed(**bands):
    return {"version": "1", "bands": {"names": ["a", "b"], **bands}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "bands must have a version and a table called bands"),
        ({"version": "", "bands": {}}, "bands must have a version and a table called bands"),
        (changed(names=["a"]), "names of bands must be two or more texts, got ['a']"),
        (changed(speed=[1]), "there is no metric 'speed' for a band"),
        (changed(lead_time=["1d", "2d"]), "lead_time must have 1 limits between 2 bands, got ['1d', '2d']"),
        (changed(lead_time=["soon"]), "'soon' is not a limit of lead_time"),
        (changed(change_fail_rate=["1d"]), "'1d' is not a limit of change_fail_rate"),
        (
            changed(names=["a", "b", "c"], lead_time=["2d", "1d"]),
            "limits of lead_time must be in order, the best first, got ['2d', '1d']",
        ),
    ],
)
def test_mistakes(given, message):
    with pytest.raises(InvalidArgument) as caught:
        read_bands(given)
    assert caught.value.message == message
    assert caught.value.hint


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(NoSuchPath):
        read_bands(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_text("[[[")
    with pytest.raises(InvalidArgument) as caught:
        read_bands(tmp_path / "x.toml")
    assert caught.value.message.startswith(f"{tmp_path}/x.toml is not TOML: ")
