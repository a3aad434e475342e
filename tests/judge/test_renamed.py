"""Arguments of judge under their former names still work, and warn."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from obskit.checks import read_checks
from obskit.cli import main
from obskit.errors import InvalidArgument
from tests.judge.rollouts import T, rollout, verdict


def test_floor_is_least_slowdown() -> None:
    events = rollout(slower=1.1, rpm=2000)
    assert events.judge(candidate="2.4.0").criterion("latency").word == "regress"
    with pytest.warns(DeprecationWarning, match="floor is now called least_slowdown") as warned:
        found = events.judge(candidate="2.4.0", floor="+15%")
    assert warned[0].filename == __file__
    assert found.criterion("latency").word == "pass"
    assert found.criterion("latency").margin == "+19.5%, regress from +17.2%"
    assert found.query == "events.judge(candidate='2.4.0', least_slowdown='+15%')"
    with pytest.raises(InvalidArgument) as caught:
        events.judge(candidate="2.4.0", floor="+15%", least_slowdown="+10%")
    assert str(caught.value) == (
        "floor is the former name of least_slowdown, and both are given\nHint: leave out floor"
    )


def test_the_option_floor_says_what_it_is_called_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rollout(minutes=20, slower=1.1).write(tmp_path / "events")
    words = ["judge", str(tmp_path / "events"), "--candidate", "2.4.0", "--dry-run"]
    assert main([*words, "--floor", "+15%"]) == 0
    old = capsys.readouterr()
    assert "obskit: --floor is now called --least-slowdown\n" in old.err
    assert main([*words, "--least-slowdown", "+15%", "--settle", "2m"]) == 0
    new = capsys.readouterr()
    assert "least_slowdown='+15%'" in old.out
    assert "least_slowdown='+15%', settle='2m'" in new.out


def test_the_key_floor_of_a_check_works(tmp_path: Path) -> None:
    file = tmp_path / "checks.toml"
    for key in ("floor", "least_slowdown"):
        file.write_text(
            f'version = 1\n[[verdict]]\nname = "x"\ncandidate = "2.4.0"\n{key} = "+15%"\nsettle = "30s"\n'
        )
        assert read_checks(file)


@pytest.mark.parametrize("settle", ["5m", timedelta(minutes=5)])
def test_settle_leaves_out_the_newest_stretch(settle: object) -> None:
    events = rollout(minutes=20)
    assert verdict(events).window[1] == T + timedelta(minutes=20)  # type: ignore[index]
    found = verdict(events, settle=settle)
    assert found.window[1] == T + timedelta(minutes=18)  # type: ignore[index]
    assert "requests from 10:18:00 UTC on are left out: slow ones may still be missing" in found.notes
    with pytest.raises(InvalidArgument, match="settle must be longer than 0, got '-1m'"):
        verdict(events, settle="-1m")
