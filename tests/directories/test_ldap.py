"""People in an LDAP directory: a real OpenLDAP, found by a search and verified by a bind."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from dragoman.config.directory import DirectoryTable, LdapDirectoryTable
from dragoman.core.errors import OAuthError
from dragoman.core.ports import Attempt
from dragoman.core.ports.directory import NotVerified, Verified
from dragoman.core.secret import Secret
from dragoman.wiring.directory import opened_directory
from tests.attacks.harness import Server, configuration_of, running
from tests.directories.people import PASSWORD
from tests.directories.slapd import BASE, MISSING, READER, READER_PASSWORD, Slapd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
ATTEMPT = Attempt(client_id="app", address="127.0.0.1", login="")


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    one = Slapd(tmp_path_factory.mktemp("slapd"))
    one.start()
    try:
        one.fill()
        yield one
    finally:
        one.stop()


def _table(slapd: Slapd, **settings: object) -> LdapDirectoryTable:
    defaults = {
        "url": f"ldap://localhost:{slapd.port}", "roots": str(slapd.certificate), "base": f"ou=people,{BASE}",
        "bind_dn": READER, "bind_password": READER_PASSWORD, "groups_base": f"ou=groups,{BASE}",
    }  # fmt: skip
    return LdapDirectoryTable(**{**defaults, **settings})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, slapd: Slapd) -> Iterator[Server]:
    table = DirectoryTable(ldap=_table(slapd), recheck_seconds=60, timeout_seconds=10)
    with running(configuration_of(tmp_path_factory.mktemp("server"), directory=table)) as one:
        yield one
        log = one.log.getvalue()
        assert not [secret for secret in (PASSWORD, READER_PASSWORD) if secret.encode() in log]
        assert b'"event":"fault"' not in log.replace(b": ", b":")


def _asked(tmp_path: Path, table: LdapDirectoryTable, login: str, password: str = PASSWORD):
    """What a directory of its own says."""
    configuration = configuration_of(tmp_path, directory=DirectoryTable(ldap=table, timeout_seconds=10))

    async def ask():
        async with opened_directory(configuration, None, b"", None) as opened:
            return await opened.directory.verify(login, Secret(password), ATTEMPT)

    return asyncio.run(ask())


def test_whoever_can_bind_logs_in_with_groups_as_authorities(server: Server, slapd: Slapd) -> None:
    dn = slapd.add_person("ann", PASSWORD, givenName="Ann")
    slapd.add(f"cn=writers,ou=groups,{BASE}", "groupOfNames", cn="writers", member=dn)
    slapd.add(f"cn=readers,ou=groups,{BASE}", "groupOfNames", cn="readers", member=[dn, READER])
    slapd.add(f"cn=others,ou=groups,{BASE}", "groupOfNames", cn="others", member=READER)
    client = server.add_client()
    answer = server.log_in(client, "Ann", PASSWORD)
    assert answer.status == 200
    subject = server.introspect(client, answer.document["access_token"])["sub"]
    kept = server.run(server.tool.find_resource_owner(subject))
    assert kept.authorities == ("readers", "writers")
    assert (kept.username, kept.email, kept.first_name, kept.last_name) == ("ann", "ann@members.example", "Ann", "Lee")
    again = server.log_in(client, "ann@members.example", PASSWORD)
    assert server.introspect(client, again.document["access_token"])["sub"] == subject
    assert server.log_in(client, "ann", "another password").error == "invalid_grant"


def test_a_dn_full_of_special_characters_binds(server: Server, slapd: Slapd) -> None:
    name = 'o\'hara, "jr" (a+b)=c;*\\é'
    dn = slapd.add_person(name, PASSWORD, mail="ohara@members.example")
    slapd.add(f"cn=irish,ou=groups,{BASE}", "groupOfNames", cn="irish", member=dn)
    client = server.add_client()
    answer = server.log_in(client, name, PASSWORD)
    assert answer.status == 200
    subject = server.introspect(client, answer.document["access_token"])["sub"]
    assert server.run(server.tool.find_resource_owner(subject)).authorities == ("irish",)


@pytest.mark.parametrize("name", ["*", "e*", "eve)(uid=*", "eve)(|(uid=*", "*)(objectClass=*", "\\65ve", "eve\\00"])
def test_a_name_cannot_become_part_of_the_filter(server: Server, slapd: Slapd, name: str) -> None:
    _ensure(slapd, "eve")
    client = server.add_client()
    assert server.log_in(client, name, PASSWORD).error == "invalid_grant"


@pytest.mark.parametrize("password", ["\u00ad", "\u200b\ufe0f", " ", "\0", PASSWORD + "\0", "x" * 1025, "\ud800"])
def test_a_password_that_is_as_good_as_none_binds_nobody(server: Server, slapd: Slapd, password: str) -> None:
    """The server takes a bind without a password for an anonymous one, and says success (RFC 4513 §5.1.2)."""
    _ensure(slapd, "eve")
    client = server.add_client()
    body = json.dumps({"password": password})
    assert json.loads(body)["password"] == password
    form = {"grant_type": "password", **server.credentials(client), "username": "eve", "password": password}
    from urllib.parse import urlencode

    answer = server.form("/oauth2/token", urlencode(form, errors="surrogatepass").encode())
    assert answer.error in {"invalid_grant", "invalid_request"}


def test_an_empty_password_is_not_sent(tmp_path: Path, slapd: Slapd) -> None:
    _ensure(slapd, "eve")
    assert isinstance(_asked(tmp_path, _table(slapd), "eve", ""), NotVerified)
    assert isinstance(_asked(tmp_path, _table(slapd), "eve"), Verified)


def test_an_entry_without_a_password_lets_nobody_in(server: Server, slapd: Slapd) -> None:
    slapd.add_person("bare", None)
    client = server.add_client()
    assert server.log_in(client, "bare", PASSWORD).error == "invalid_grant"


def test_u13_a_spelling_that_only_the_directory_takes_for_a_name_tries_no_password(
    tmp_path: Path, slapd: Slapd
) -> None:
    """Each spelling has a throttle of its own, so that none of them may tell which password is right."""
    slapd.add_person("mary ann", PASSWORD, mail="mary@members.example")
    table = _table(slapd)
    right, wrong = (_asked(tmp_path, table, "mary  ann", password) for password in (PASSWORD, "wrong horse"))
    assert right == wrong == NotVerified(why="the directory's account has other login names")
    for name in ("mary ann", "MARY ANN", "mary@members.example"):
        assert isinstance(_asked(tmp_path, table, name), Verified)


def test_two_entries_of_one_name_are_nobody(server: Server, slapd: Slapd) -> None:
    slapd.add_person("twin-a", PASSWORD, mail="twin@members.example")
    slapd.add_person("twin-b", PASSWORD, mail="twin@members.example")
    client = server.add_client()
    assert server.log_in(client, "twin@members.example", PASSWORD).error == "invalid_grant"
    assert server.log_in(client, "twin-a", PASSWORD).status == 200


def test_a_refresh_learns_that_somebody_is_gone(server: Server, slapd: Slapd) -> None:
    dn = slapd.add_person("leaver", PASSWORD)
    client = server.add_client()
    first = server.log_in(client, "leaver", PASSWORD).document
    slapd.remove(dn)
    server.clock.now += 59
    second = server.refresh(client, first["refresh_token"])
    assert second.status == 200
    server.clock.now += 1
    assert server.refresh(client, second.document["refresh_token"]).error == "invalid_grant"
    assert server.introspect(client, second.document["access_token"]) == {"active": False}


def test_an_identifier_may_be_bytes(tmp_path: Path, slapd: Slapd) -> None:
    slapd.add_person("bytes", PASSWORD, classes="inetOrgPerson binaryPerson", binaryId=b"\x00(\xff)*\\")
    table = _table(
        slapd, id_attribute="binaryId", id_is_binary=True, find_filter="(&(objectClass=binaryPerson)(binaryId={id}))"
    )
    configuration = configuration_of(tmp_path, directory=DirectoryTable(ldap=table, timeout_seconds=10))

    async def ask():
        async with opened_directory(configuration, None, b"", None) as opened:
            verified = await opened.directory.verify("bytes", Secret(PASSWORD), ATTEMPT)
            return verified.owner, await opened.directory.find(verified.owner.id)

    verified, found = asyncio.run(ask())
    assert verified.id == "0028ff292a5c"
    assert verified == found


@pytest.mark.parametrize("url", ["ldaps://localhost:{0.tls_port}", "ldap://localhost:{0.port}"])
def test_a_certificate_of_another_name_or_hand_is_not_believed(tmp_path: Path, slapd: Slapd, url: str) -> None:
    _ensure(slapd, "eve")
    right = _table(slapd, url=url.format(slapd))
    assert isinstance(_asked(tmp_path, right, "eve"), Verified)
    for wrong in (
        msgspec.structs.replace(right, roots=None),
        msgspec.structs.replace(right, url=url.format(slapd).replace("localhost", "127.0.0.1")),
    ):
        with pytest.raises(OAuthError, match="temporarily_unavailable"):
            _asked(tmp_path, wrong, "eve")


def test_a_reader_that_is_turned_away_makes_nobody_wrong(tmp_path: Path, slapd: Slapd) -> None:
    _ensure(slapd, "eve")
    for settings in ({"bind_password": "not the reader's"}, {"base": "dc=elsewhere"}, {"filter": "(uid={login}"}):
        with pytest.raises(OAuthError, match="temporarily_unavailable"):
            _asked(tmp_path, _table(slapd, **settings), "eve")


def _ensure(slapd: Slapd, uid: str) -> None:
    known = getattr(slapd, "_known", set())
    if uid not in known:
        slapd.add_person(uid, PASSWORD)
        slapd._known = known | {uid}
