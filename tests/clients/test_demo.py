"""The main job in one command: what `dragoman demo` leaves behind and how it ends."""

import json
import signal
import stat
from pathlib import Path

import httpx
import pytest

from tests.clients.demo_process import Credentials, Demo, running_demo

MEMBERS = ["token_url", "client_id", "client_secret", "username", "password", "scope", "resource_url"]
PATHS = {
    "jobspace": "/oauth/token",
    "jmondi": "/token",
    "paymentiq": "/paymentiq/oauth/token",
    "kabbage": "/auth/token",
    "axosoft": "/api/oauth2/token",
    "standard": "/oauth2/token",
}

each_dialect = pytest.mark.parametrize("dialect", PATHS)


def password_token(one: Credentials, dialect: str):
    """A password token, asked for in the way that the dialect's document shows."""
    form = {"grant_type": "password", "username": one["username"], "password": one["password"]}
    own = {"client_id": one["client_id"], "client_secret": one["client_secret"]}
    basic = (one["client_id"], one["client_secret"])
    if one["scope"]:
        form["scope"] = one["scope"]
    match dialect:
        case "axosoft":
            answer = httpx.get(one["token_url"], params=form | own)
        case "paymentiq":
            answer = httpx.post(one["token_url"], params=form, auth=basic)
        case "kabbage" | "standard":
            answer = httpx.post(one["token_url"], data=form, auth=basic)
        case _:
            answer = httpx.post(one["token_url"], data=form | own)
    assert answer.status_code == 200, answer.text
    return answer.json()


def bearer(token: str):
    return {"Authorization": f"Bearer {token}"}


def test_demo_json_describes_all_six_dialects(demo: Demo):
    assert list(demo.dialects) == list(PATHS)
    for dialect, one in demo.dialects.items():
        assert list(one) == MEMBERS
        assert one["token_url"] == demo.base_url + PATHS[dialect]
        assert one["resource_url"].startswith(demo.base_url + "/")
        assert all(isinstance(value, str) for value in one.values())


def test_demo_json_is_readable_by_its_owner_alone(demo: Demo):
    for name in ("demo.json", "credentials.json", "dragoman.db", "dragoman.toml"):
        assert stat.S_IMODE((demo.folder / name).stat().st_mode) == 0o600, name
    for key in (demo.folder / "keys").iterdir():
        assert stat.S_IMODE(key.stat().st_mode) == 0o600, key
    assert stat.S_IMODE(demo.folder.stat().st_mode) == 0o700


@each_dialect
def test_each_resource_answers_its_dialects_token(demo: Demo, dialect: str):
    one = demo.dialects[dialect]
    answer = httpx.get(one["resource_url"], headers=bearer(password_token(one, dialect)["access_token"]))
    assert answer.status_code == 200
    assert one["username"] in answer.text or one["client_id"] in answer.text


@each_dialect
def test_no_resource_answers_another_dialects_token(demo: Demo, dialect: str):
    token = password_token(demo.dialects[dialect], dialect)["access_token"]
    for other, one in demo.dialects.items():
        if other != dialect:
            assert httpx.get(one["resource_url"], headers=bearer(token)).status_code in (401, 403), other


@each_dialect
def test_no_resource_answers_without_a_token(demo: Demo, dialect: str):
    assert httpx.get(demo.dialects[dialect]["resource_url"]).status_code == 401


def test_a_kabbage_password_token_acts_for_its_own_user_only(demo: Demo):
    one = demo.dialects["kabbage"]
    own = httpx.get(one["resource_url"], headers=bearer(password_token(one, "kabbage")["access_token"]))
    assert own.json()["EmailAddress"] == one["username"]
    others = one["resource_url"].replace(own.json()["UserId"], "1042")
    assert httpx.get(others, headers=bearer(password_token(one, "kabbage")["access_token"])).status_code == 404


def test_a_kabbage_client_token_acts_for_any_user_of_that_client(demo: Demo):
    one = demo.dialects["kabbage"]
    answer = httpx.post(
        one["token_url"], data={"grant_type": "client_credentials"}, auth=(one["client_id"], one["client_secret"])
    )
    assert list(answer.json()) == ["access_token", "token_type", "expires_in"]
    token = answer.json()["access_token"]
    on_behalf = httpx.get(one["resource_url"], headers=bearer(token))
    assert on_behalf.status_code == 200
    assert one["resource_url"].endswith(f"/{on_behalf.json()['UserId']}/me")
    stranger = one["resource_url"].replace(on_behalf.json()["UserId"], "1042")
    assert httpx.get(stranger, headers=bearer(token)).status_code == 404


def test_axosoft_scope_read_may_read_and_not_write(demo: Demo):
    one = demo.dialects["axosoft"]
    token = password_token({**one, "scope": "read"}, "axosoft")["access_token"]
    assert httpx.get(one["resource_url"], headers=bearer(token)).status_code == 200
    assert httpx.post(one["resource_url"], headers=bearer(token)).status_code == 403
    both = password_token(one, "axosoft")["access_token"]
    assert httpx.post(one["resource_url"], headers=bearer(both)).status_code == 200


def test_a_job_space_token_posts_as_its_user(demo: Demo):
    one = demo.dialects["jobspace"]
    answer = httpx.post(one["resource_url"], headers=bearer(password_token(one, "jobspace")["access_token"]))
    assert answer.json()["data"]["posting_as"] == one["username"]


def test_a_second_start_keeps_credentials_tokens_and_keys(tmp_path: Path):
    with running_demo(tmp_path / "data") as first:
        tokens = {dialect: password_token(one, dialect) for dialect, one in first.dialects.items()}
        assert first.stop() == 0
    with running_demo(tmp_path / "data") as second:
        for dialect, one in second.dialects.items():
            kept = {name: one[name] for name in MEMBERS if not name.endswith("_url")}
            assert kept == {name: first.dialects[dialect][name] for name in kept}
            answer = httpx.get(one["resource_url"], headers=bearer(tokens[dialect]["access_token"]))
            assert answer.status_code == 200, dialect
            assert password_token(one, dialect)["access_token"]
        assert second.stop() == 0
    with running_demo(tmp_path / "data") as third:
        for dialect, one in third.dialects.items():
            answer = httpx.get(one["resource_url"], headers=bearer(tokens[dialect]["access_token"]))
            assert answer.status_code == 200, dialect


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(tmp_path: Path, number: int):
    with running_demo(tmp_path / "data") as running:
        assert running.stop(number) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.base_url + "/health/live")


def test_each_demo_draws_its_own_credentials(demo: Demo, tmp_path: Path):
    with running_demo(tmp_path / "data") as other:
        for dialect, one in other.dialects.items():
            assert one["client_secret"] != demo.dialects[dialect]["client_secret"]
            assert one["password"] != demo.dialects[dialect]["password"]


def test_neither_secrets_nor_tokens_are_logged(demo: Demo):
    secrets = [one[name] for one in demo.dialects.values() for name in ("client_secret", "password")]
    for dialect, one in demo.dialects.items():
        answer = password_token(one, dialect)
        secrets += [answer["access_token"], answer.get("refresh_token", answer["access_token"])]
        httpx.get(one["resource_url"], headers=bearer(answer["access_token"]))
    logged = demo.log.read_text(encoding="utf-8")
    assert '"event":"audit"' in logged
    assert not [secret for secret in secrets if secret in logged]


def test_the_printed_curl_lines_hold_no_secret_of_another_dialect(tmp_path: Path):
    with running_demo(tmp_path / "data") as running:
        running.process.send_signal(signal.SIGTERM)
        printed = running.process.stdout.read()  # `communicate` would forget what was read ahead with the first line
        running.process.wait(timeout=30)
    lines = [line for line in printed.splitlines() if line.startswith("curl ")]
    assert len(lines) == len(PATHS)
    for line, one in zip(lines, running.dialects.values(), strict=True):
        assert one["token_url"] in line
        assert one["client_secret"] in line
        assert one["password"] in line
    assert json.loads((running.folder / "demo.json").read_text(encoding="utf-8"))["base_url"] == running.base_url
