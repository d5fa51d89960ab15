"""Metrics of a server of one process that speaks six dialects, and what never gets into them."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import pytest

from dragoman.cli.commands.demo.cast import CAST
from dragoman.core.errors import Refusal
from dragoman.metrics.counting import REASONS
from tests.clients.demo_process import Demo, running_demo
from tests.metrics.scraping import Scrape, fetch
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "canary-7f3a91"
FIELDS = (
    "grant_type", "client_id", "client_secret", "username", "password", "scope", "refresh_token", "access_token",
    "token", "token_type_hint", "response_type", "vid", MARK,
)  # fmt: skip
SECRETS = ("client_secret", "username", "password", "access_token", "refresh_token")
CLOSED = {
    "dialect": {part.dialect for part in CAST} | {"other"},
    "grant_type": {"password", "client_credentials", "refresh_token", "other"},
    "outcome": {"ok", *(refusal.value for refusal in Refusal)},
    "endpoint": {"token", "introspection", "revocation", "key", "jwks", "metadata", "resource"},
    "reason": REASONS | {"other"},
    "looked_like_retry": {"yes", "no", "not_applicable"},
}


@pytest.fixture(scope="module")
def scraped_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, str]]:
    port = free_port()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DRAGOMAN_METRICS__PORT", str(port))
        with running_demo(tmp_path_factory.mktemp("metrics") / "data") as demo:
            yield demo, f"http://127.0.0.1:{port}/metrics"


def send(url: str, *, body: bytes | None = None, **headers: str) -> bytes:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.read()


def spend(demo: Demo, dialect: str) -> list[str]:
    """Log in as the document says, then send marked text wherever text can go. All that must not be told."""
    described = demo.dialects[dialect]
    line = next(part.curl for part in CAST if part.dialect == dialect)
    done = subprocess.run([*shlex.split(line.format(**described)), "-s"], capture_output=True, check=True, timeout=60)
    got = json.loads(done.stdout[done.stdout.index(b"{") :])
    tokens = [text for name in ("access_token", "refresh_token") if isinstance(text := got.get(name), str)]
    path = urllib.parse.urlsplit(described["token_url"]).path
    for name in FIELDS:
        fields = {"grant_type": "password", **{one: described.get(one) or "" for one in SECRETS}, name: MARK}
        text = urllib.parse.urlencode(fields)
        basic = base64.b64encode(f"{MARK}:{MARK}".encode()).decode()
        send(f"{demo.base_url}{path}?{text}", **{"User-Agent": MARK, "Authorization": f"Basic {basic}"})
        send(f"{demo.base_url}{path}", body=text.encode(), **{"X-Forwarded-For": MARK, "Content-Type": f"text/{MARK}"})
        send(f"{demo.base_url}{path}", body=text.encode(), **{"Content-Type": "application/x-www-form-urlencoded"})
    send(described["resource_url"], Authorization=f"Bearer {MARK}")
    send(f"{demo.base_url}{path}/{MARK}")
    return [text for text in (*tokens, *(described.get(one) for one in SECRETS)) if text]


def check_closed(told: Scrape) -> None:
    for label, allowed in CLOSED.items():
        assert told.values(label) <= allowed, label


def test_no_secret_no_person_no_address_and_no_text_of_a_request_is_ever_told(scraped_demo: tuple[Demo, str]):
    demo, url = scraped_demo
    hidden = [text for part in CAST for text in spend(demo, part.dialect)]
    assert len(hidden) > 4 * len(CAST)
    told = fetch(url)
    for text in (
        MARK,
        "127.0.0.1",
        *hidden,
        *(str(part.owner["id"]) for part in CAST if len(str(part.owner["id"])) > 4),
    ):
        assert text not in told.text
        assert urllib.parse.quote(text, safe="") not in told.text
        assert base64.b64encode(text.encode()).decode().rstrip("=") not in told.text
    check_closed(told)
    assert told.values("dialect") == {part.dialect for part in CAST}
    assert told.values("client") == set()
    for part in CAST:
        assert told.of("dragoman_token_responses_total", dialect=part.dialect, grant_type="password", outcome="ok") >= 1
        refused = told.of("dragoman_token_responses_total", dialect=part.dialect, grant_type="other")
        assert refused >= 1
    assert told.of("dragoman_workers") == 1


def test_unknown_clients_and_grant_types_make_no_new_line(scraped_demo: tuple[Demo, str]):
    demo, url = scraped_demo
    path = f"{demo.base_url}/oauth2/token"

    def ask(number: int) -> None:
        fields = {"grant_type": f"{MARK}{number}", "client_id": f"{MARK}{number}", "client_secret": "x"}
        send(path, body=urllib.parse.urlencode(fields).encode())
        known = demo.dialects["standard"]
        sent = {"grant_type": f"{MARK}{number}", **{name: known[name] for name in ("client_id", "client_secret")}}
        send(path, body=urllib.parse.urlencode(sent).encode())

    ask(0)
    before = fetch(url)
    for number in range(1, 50):
        ask(number)
    after = fetch(url)
    assert after.numbers.keys() == before.numbers.keys()
    assert after.of("dragoman_token_responses_total") == before.of("dragoman_token_responses_total") + 98


def test_a_bearer_who_signs_out_is_counted_for_the_client(scraped_demo: tuple[Demo, str]):
    demo, url = scraped_demo
    described = demo.dialects["axosoft"]
    form = {name: described[name] for name in ("client_id", "client_secret", "username", "password")}
    sent = urllib.parse.urlencode({"grant_type": "password", **form, "scope": "read"})
    token = json.loads(send(f"{described['token_url']}?{sent}"))["access_token"]
    for _ in range(2):
        send(f"{demo.base_url}/api/v6/oauth2/revoke?access_token={token}")
    told = fetch(url)
    ended = {"client": described["client_id"], "reason": "signed_out_by_bearer", "looked_like_retry": "not_applicable"}
    assert told.of("dragoman_grant_revocations_total", **ended) == 1
    assert told.of("dragoman_grant_revocations_total") == 1
    check_closed(told)
