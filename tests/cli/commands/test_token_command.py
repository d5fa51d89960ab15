from __future__ import annotations

from collections.abc import Iterator

import pytest

from dragoman.config.reading import read_configuration
from tests.cli.commanding import Folder, Outcome, post
from tests.serving import serving

PASSWORD = "correct horse"


class Setting:
    """A folder, its server, a client and a person."""

    def __init__(self, folder: Folder, address: str, secret: str, person: dict) -> None:
        self.folder = folder
        self.person = person
        self.seen: list[str] = []
        self._url = address + "/oauth2/token"
        self._client = ("shop", secret)

    def log_in(self) -> dict:
        return self._keep(post(self._url, self._client, grant_type="password", username="ann", password=PASSWORD))

    def refresh(self, token: str) -> dict:
        return self._keep(post(self._url, self._client, grant_type="refresh_token", refresh_token=token))

    def is_refused(self, token: str) -> None:
        status, body = post(self._url, self._client, grant_type="refresh_token", refresh_token=token)
        assert (status, body["error"]) == (400, "invalid_grant")

    def for_itself(self) -> dict:
        return self._keep(post(self._url, self._client, grant_type="client_credentials"))

    def run(self, *arguments: object, stdin: str = "") -> Outcome:
        """The command, which tells no token."""
        outcome = self.folder.run("token", *arguments, stdin=stdin)
        for token in self.seen:
            assert token not in outcome.out + outcome.err
        return outcome

    def inspect(self, token: str) -> dict:
        return self.run("inspect", "--json", "-", stdin=f"  {token}\n").json

    def _keep(self, answered: tuple[int, dict]) -> dict:
        status, body = answered
        assert status == 200, body
        self.seen += [body[name] for name in ("access_token", "refresh_token") if name in body]
        return body


@pytest.fixture
def setting(folder: Folder) -> Iterator[Setting]:
    folder.change(level='level = "error"')
    secret = folder.client("shop", "--grant-type", "password refresh_token client_credentials", "--scope", "read write")
    person = folder.user("ann", "--email", "ann@example.com")
    with serving(read_configuration(folder.file)) as address:
        yield Setting(folder, address, secret, person)


def test_j09_a_token_that_names_another_issuer_is_told_with_what_would_accept_it(setting: Setting):
    token = setting.log_in()["access_token"]
    issuer = read_configuration(setting.folder.file).issuer
    setting.folder.change(issuer=f'issuer = "{issuer}/"')
    told = setting.inspect(token)
    assert (told["genuine"], told["live"]) == (False, False)
    assert "another issuer; accepted_issuers" in told["because"]
    setting.folder.change(issuer=f'issuer = "{issuer}/"\naccepted_issuers = ["{issuer}"]')
    assert setting.inspect(token)["live"] is True


def test_live_tokens_are_told_with_what_they_stand_for(setting: Setting):
    tokens = setting.log_in()
    access = setting.inspect(tokens["access_token"])
    refresh = setting.inspect(tokens["refresh_token"])
    for told in (access, refresh):
        assert (told["genuine"], told["live"], told["because"]) == (True, True, None)
        assert (told["client"], told["subject"]) == ("shop", setting.person["id"])
        assert told["scope"] == ["read", "write"]
        assert told["dialect"] == "standard"
        assert told["expires_at"] > told["issued_at"]
    assert (access["kind"], refresh["kind"]) == ("access_token", "refresh_token")
    assert access["grant"] == refresh["grant"]
    assert "read write" in setting.run("inspect", stdin=tokens["access_token"]).out


def test_a_client_for_itself_has_no_session(setting: Setting):
    told = setting.inspect(setting.for_itself()["access_token"])
    assert (told["live"], told["grant"], told["subject"], told["client"]) == (True, None, None, "shop")


def test_asking_about_a_spent_refresh_token_changes_nothing(setting: Setting):
    first = setting.log_in()
    second = setting.refresh(first["refresh_token"])
    third = setting.refresh(second["refresh_token"])
    oldest, middle = setting.inspect(first["refresh_token"]), setting.inspect(second["refresh_token"])
    assert (oldest["live"], oldest["generation"]) == (False, 0)
    assert "generation 0 of 2 again" in oldest["because"]
    assert (middle["live"], middle["generation"]) == (True, 1)
    assert "a retry is answered" in middle["because"]
    assert setting.inspect(third["refresh_token"])["live"] is True
    setting.folder.done("client", "update", "shop", "--grace", 0)
    assert setting.inspect(second["refresh_token"])["live"] is False
    assert setting.inspect(third["refresh_token"])["live"] is True


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("user", "sign-out", "ann"), "signed_out_by_operator"),
        (("user", "disable", "ann"), "resource_owner_disabled"),
        (("user", "delete", "ann", "--yes"), "resource_owner_deleted"),
        (("user", "update", "ann", "--expired"), "gone, disabled or expired"),
        (("client", "sign-out", "shop", "--yes"), "signed_out_by_operator"),
        (("client", "disable", "shop"), "its client is gone or disabled"),
        (("client", "delete", "shop", "--yes"), ""),
    ],
)
def test_a_dead_token_is_told_with_its_reason(setting: Setting, command: tuple, told: str):
    tokens = setting.log_in()
    setting.folder.done(*command)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        inspection = setting.inspect(token)
        assert (inspection["genuine"], inspection["live"]) == (True, False)
        assert told in inspection["because"]


def test_a_locked_account_keeps_its_sessions(setting: Setting):
    tokens = setting.log_in()
    setting.folder.done("user", "lock", "ann@example.com")
    assert setting.inspect(tokens["refresh_token"])["live"] is True


@pytest.mark.parametrize("text", ["nonsense", "a.b.c", "x" * 9000, "é"])
def test_what_is_no_token_of_ours_is_told_so(setting: Setting, text: str):
    told = setting.inspect(text)
    assert (told["kind"], told["genuine"], told["live"]) == ("unknown", False, False)
    assert "nothing was revoked" in setting.run("revoke", stdin=text).fault


def test_s09_tokens_are_never_arguments(setting: Setting):
    token = setting.log_in()["access_token"]
    for verb in ("inspect", "revoke"):
        assert "in an argument can be read by others" in setting.run(verb, token).fault
        assert "there is no token on standard input" in setting.run(verb).fault


def test_an_access_token_is_revoked_by_itself_and_a_refresh_token_with_its_session(setting: Setting):
    tokens = setting.log_in()
    assert "its session goes on" in setting.run("revoke", "-", stdin=tokens["access_token"]).out
    assert setting.inspect(tokens["access_token"])["because"] == "revoked by itself"
    assert setting.inspect(tokens["refresh_token"])["live"] is True
    assert "has ended" in setting.run("revoke", "-", stdin=tokens["refresh_token"]).out
    assert "revoked_by_operator" in setting.inspect(tokens["refresh_token"])["because"]


def test_a_session_is_ended_by_its_id(setting: Setting):
    token = setting.log_in()["refresh_token"]
    session = setting.inspect(token)["grant"]
    assert "has ended" in setting.run("revoke", "--session", session).out
    assert "had ended before" in setting.run("revoke", "--session", session).out
    assert setting.inspect(token)["live"] is False
    assert "no id of a session" in setting.run("revoke", "--session", "xyz").fault


def test_sessions_are_listed_with_what_became_of_them(setting: Setting):
    ended = setting.inspect(setting.log_in()["access_token"])["grant"]
    live = setting.refresh(setting.log_in()["refresh_token"])
    setting.run("revoke", "--session", ended)
    listed = {one["id"]: one for one in setting.run("list", "--user", "ann", "--json").json}
    assert listed == {one["id"]: one for one in setting.run("list", "--client", "shop", "--json").json}
    one = listed[setting.inspect(live["access_token"])["grant"]]
    assert (one["state"], one["generation"], one["dialect"], one["client"]) == ("live", 1, "standard", "shop")
    assert one["rotated_at"] is not None
    assert (listed[ended]["state"], listed[ended]["revoked_because"]) == ("revoked", "revoked_by_operator")
    assert [one["id"] for one in setting.run("list", "--user", "ann", "--live", "--json").json] == [one["id"]]
    assert len(setting.run("list", "--user", "ann", "--limit", 1, "--json").json) == 1
    table = setting.run("list", "--user", "ann").out
    assert ended in table
    assert "revoked_by_operator" in table


def test_a_list_is_of_a_user_or_a_client_that_exists(setting: Setting):
    assert setting.run("list").status == 2
    assert setting.run("list", "--user", "ann", "--client", "shop").status == 2
    assert "there is no user 'x'" in setting.run("list", "--user", "x").fault
    assert "there is no client 'x'" in setting.run("list", "--client", "x").fault


@pytest.mark.parametrize(("options", "live", "told"), [([], False, "ended: 2"), (["--keep-sessions"], True, "go on")])
def test_u22_w12_another_password_ends_the_sessions_of_the_old_one_unless_they_are_kept(
    setting: Setting, options: list[str], live: bool, told: str
):
    here, there = setting.log_in(), setting.log_in()
    done = setting.folder.done(
        "user", "set-password", "ann", "--password-stdin", *options, stdin="battery staple"
    )  # fmt: skip
    assert told in done.out
    for tokens in (here, there):
        for kind in ("access_token", "refresh_token"):
            seen = setting.inspect(tokens[kind])
            assert seen["live"] is live
            assert live or "password_changed" in seen["because"]


@pytest.fixture
def reported(setting: Setting) -> Setting:
    """Three sessions that ended: a retry after its time, a token three generations old, and one by the operator."""
    setting.folder.done("client", "update", "shop", "--grace", 0)
    first = setting.log_in()["refresh_token"]
    setting.refresh(first)
    setting.is_refused(first)
    first = setting.log_in()["refresh_token"]
    second = setting.refresh(first)["refresh_token"]
    setting.refresh(setting.refresh(second)["refresh_token"])
    setting.is_refused(first)
    setting.run("revoke", "--session", setting.inspect(setting.log_in()["access_token"])["grant"])
    return setting


def test_the_report_counts_by_client_and_reason_and_tells_what_looked_like_a_retry(reported: Setting):
    assert reported.run("report", "--json").json == [
        {"client": "shop", "because": "refresh_token_reuse", "sessions": 2, "looked_like_retry": 1},
        {"client": "shop", "because": "revoked_by_operator", "sessions": 1, "looked_like_retry": None},
    ]
    table = reported.run("report", "--since", "30m", "--client", "shop").out
    assert "refresh_token_reuse" in table
    assert reported.run("report", "--client", "other", "--json").json == []


def test_the_report_tells_each_session_with_age_address_and_agent(reported: Setting):
    each = reported.run("report", "--each", "--json").json
    assert [one["because"] for one in each].count("refresh_token_reuse") == 2
    old, retry = sorted((one for one in each if one["behind"]), key=lambda one: -one["behind"])
    assert (old["behind"], old["looked_like_retry"], retry["behind"], retry["looked_like_retry"]) == (3, False, 1, True)
    for one in (old, retry):
        assert one["address"] == one["last_address"] == "127.0.0.1"
        assert one["agent"] == one["last_agent"]
        assert one["agent"].startswith("Python-urllib")
        assert one["age"] >= 0
    assert reported.run("report", "--each", "--client", "shop", "--limit", 1, "--json").json[0]["client"] == "shop"
    assert old["session"] in reported.run("report", "--each").out


def test_a_report_of_no_length_of_time_is_refused(folder: Folder):
    assert "is no length of time" in folder.run("token", "report", "--since", "yesterday").fault
