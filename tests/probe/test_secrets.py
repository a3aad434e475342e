"""No credential of a URL reaches an event."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.probe import EventFile, Limits, format_probe, format_summary, probe, watch
from obskit.probe.secrets import text_without_secrets, without_secrets


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://me:s3cr3t@host/x", "https://[redacted]@host/x"),
        ("https://s3cr3t@host", "https://[redacted]@host"),
        ("https://me:s3cr3t@@host/", "https://[redacted]@host/"),
        ("https://me:s3cr3t@[::1]:8080/?q=1", "https://[redacted]@[::1]:8080/?q=1"),
        ("https://h/?token=s3cr3t&x=1", "https://h/?token=[redacted]&x=1"),
        ("https://h/?x=1&accessToken=s3cr3t#top", "https://h/?x=1&accessToken=[redacted]#top"),
        (
            "https://h/?X-Amz-Signature=s3cr3t&X-Amz-Date=2",
            "https://h/?X-Amz-Signature=[redacted]&X-Amz-Date=2",
        ),
        ("https://h/?api_key=s3cr3t;page=2", "https://h/?api_key=[redacted];page=2"),
        ("https://h/?%74oken=s3cr3t", "https://h/?%74oken=[redacted]"),
        ("https://h/?a[password]=s3cr3t", "https://h/?a[password]=[redacted]"),
        ("https://h/#access_token=s3cr3t&n=1", "https://h/#access_token=[redacted]&n=1"),
        ("https://h/?q=eyJhbGciOiJI.eyJzdWIiOiIx.s3cr3t", "https://h/?q=[redacted]"),
        ("https://h/?to=http%3A%2F%2Fme%3As3cr3t%40there", "https://h/?to=[redacted]"),
        ("https://h/?to=%2Fnext%3Ftoken%3Ds3cr3t", "https://h/?to=[redacted]"),
        ("https://hooks.slack.com/services/T0/B0/s3cr3t", "https://hooks.slack.com/[redacted]"),
    ],
)
def test_what_is_secret_is_masked_and_the_rest_stays(url: str, clean: str) -> None:
    assert without_secrets(url) == clean
    assert "s3cr3t" not in text_without_secrets(f"failed at '{url}' after 3 ms")


@pytest.mark.parametrize(
    "url",
    [
        "https://host/book?from=ZRH&to=GVA&at=2026-05-04T10:00Z",
        "http://[::1]:8080/a;b/c?x",
        "https://host/users/me@example.com?page=2",
        "https://host/?design=2&keyboard=de&passenger=3&broken=x",
        "https://host",
    ],
)
def test_what_is_no_secret_stays_as_it_is(url: str) -> None:
    assert without_secrets(url) == url


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    once = without_secrets(text)
    assert without_secrets(once) == once


def test_no_secret_is_written_printed_or_summed_up(web, tmp_path) -> None:
    urls = [
        f"http://me:s3cr3t-one@127.0.0.1:{web.port}/redirect?token=s3cr3t-one",
        "http://me:s3cr3t-one@127.0.0.1:1/?sig=s3cr3t-one",
        f"http://me:s3cr3t-one@127.0.0.1:{web.port}/redirect-to-file?password=s3cr3t-one",
        "http://me:s3cr3t-one@name.invalid/?sig=s3cr3t-one",
    ]
    with EventFile(tmp_path) as file:
        tally = watch(urls, file.write, limits=Limits(seconds=1))
    data = file.path.read_text()
    said = format_summary(tally) + "".join(format_probe(json.loads(line)) for line in data.splitlines())
    assert data.count("\n") == 4
    assert "s3cr3t" not in data + said
    # and yet the server was sent them
    assert "/redirect?token=s3cr3t-one" in [path for path, _ in web.asked]
    assert "authorization" in web.asked[0][1]


def test_a_message_without_the_scheme_is_cleaned_too() -> None:
    url = "http://me:s3cr3t@host/?token=s3cr3t"
    assert (
        text_without_secrets(f"no {url} here", (url,)) == "no http://[redacted]@host/?token=[redacted] here"
    )
    assert "s3cr3t" not in str(probe("http://me:s3cr3t@127.0.0.1:1/"))
