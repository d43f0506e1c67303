"""What an HTTP answer means for a call, read from its bytes alone."""

import json

import pytest

from coop_abm.llm.addresses import proxy_for
from coop_abm.llm.verdict import Answer, failure_in


def failure(status, body="", **headers):
    told = body if isinstance(body, str) else json.dumps(body)
    return failure_in(Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, told.encode()))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_is_no_failure(status):
    assert failure(status) is None


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("0", 0.0),
        ("2.5", 2.5),
        ("-3", 0.0),
        ("nan", None),
        ("1e999", None),
        ("soon", None),
        ("", None),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
        ("Thu, 99 Jan 1970 00:00:10 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_or_not_at_all(given, seconds):
    assert failure(429, retry_after=given).retry_after == seconds


def test_a_date_is_held_against_the_provider_s_own_clock():
    date, later = "Wed, 18 May 2033 03:33:20 GMT", "Wed, 18 May 2033 03:34:00 GMT"
    assert failure(503, retry_after=later, date=date).retry_after == 40.0


def test_milliseconds_come_before_seconds():
    assert failure(429, retry_after="9", retry_after_ms="250").retry_after == 0.25


def test_who_must_not_try_again_is_not_told_when():
    assert failure(401, retry_after="5").retry_after is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"error": {"code": "insufficient_quota", "message": "..."}}, "quota"),
        (429, {"error": {"message": "You exceeded your current quota, please check your plan"}}, "quota"),
        (429, {"error": {"message": "Too many requests", "code": "rate_limit_exceeded"}}, "rate_limit"),
        (429, {"error": {"status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota"}}, "rate_limit"),
        (429, [{"error": {"message": "slow down"}}], "rate_limit"),
        (429, "slow down", "rate_limit"),
        (403, {"error": {"message": "This project has billing disabled"}}, "quota"),
        (403, {"error": {"message": "Not for you"}}, "auth"),
        (400, {"error": {"message": "the prompt speaks of billing"}}, "refused"),
        (400, {"error": {"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, "content_filter"),
        (400, {"error": "a string"}, "refused"),
        (400, {"error": {"message": {"not": "text"}}}, "refused"),
        (400, "[" * 100_000, "refused"),
        (409, {}, "server"),
        (500, "null", "server"),
        (599, "", "server"),
        (418, "", "refused"),
        (100, "", "refused"),
        (304, "", "redirect"),
    ],
)
def test_the_kind_is_read_from_status_and_codes(status, body, kind):
    failed = failure(status, body)
    assert failed.kind == kind and failed.again == (kind in ("rate_limit", "server", "timeout"))
    assert str(failed).isprintable() and len(str(failed)) < 260


def test_an_error_that_quotes_the_prompt_does_not_become_a_page():
    failed = failure(500, {"error": {"message": "x" * 100_000 + "\x1b[2J"}})
    assert len(str(failed)) < 260


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://models.example/v1", "http://proxy.example:3128"),
        ("http://127.0.0.1:8000/v1", None),
        ("http://localhost:8000/v1", None),
        ("http://[::1]:8000/v1", None),
        ("https://inside.example/v1", None),
        ("http://models.example/v1", None),
    ],
)
def test_a_proxy_of_the_environment_is_used_but_never_to_this_machine(url, proxy, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for(url) == proxy
