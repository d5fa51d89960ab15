"""Refresh tokens: R01 to R30."""

import json
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import closing, suppress
from pathlib import Path

import pytest
from joserfc.jwk import OctKey
from joserfc.jwt import encode

from dragoman.core.model import Reuse
from dragoman.core.scope import Scope
from tests.attacks.harness import FORM, PASSWORD, START, Answer, Clock, Server, configuration_of, running
from tests.attacks.spelling import log_in, send

DAY = 86400
BAD = (400, "invalid_grant")


def session(server: Server, **fields: object) -> tuple[str, str, str]:
    """A client, its refresh token and its access token."""
    client = server.add_client(**fields)
    tokens = server.log_in(client, server.add_owner()).document
    return client, tokens["refresh_token"], tokens["access_token"]


def outcome(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.document.get("error", "")


def test_r01_a_replayed_refresh_token_ends_the_grant_and_everything_from_it(server: Server):
    client, first, access = session(server)
    renewed = server.refresh(client, first).document
    server.clock.now += 31
    mark = server.mark()
    assert outcome(server.refresh(client, first)) == BAD
    ended, refused = server.events(mark)
    assert (ended["level"], ended["outcome"], ended["because"]) == ("warning", "grant_revoked", "refresh_token_reuse")
    assert (ended["behind"], ended["age"], ended["looked_like_retry"]) == (1, 31, 1)
    assert (refused["outcome"], refused["refusal"]) == ("token_refused", "revoked_refresh_token")
    grant = server.grants(client)[0]
    assert ended["grant"] == refused["grant"] == grant.id.hex()
    assert grant.revoked_because == "refresh_token_reuse"
    assert grant.reuse == Reuse(behind=1, age=31, looked_like_retry=True)
    assert outcome(server.refresh(client, renewed["refresh_token"])) == BAD
    for token in (access, renewed["access_token"], renewed["refresh_token"]):
        assert server.introspect(client, token) == {"active": False}


def parallel(server: Server, client: str, token: str, times: int) -> list[Answer]:
    fields = {"grant_type": "refresh_token", **server.credentials(client), "refresh_token": token}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    one = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body}
    return server.ask_all([one] * times)


def test_r02_of_fifty_at_once_one_at_most_wins_where_there_is_no_grace(server: Server):
    client, token, _ = session(server, grace=0)
    answers = parallel(server, client, token, 50)
    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1
    assert {outcome(answer) for answer in answers if answer.status != 200} <= {BAD}
    assert server.grants(client)[0].generation == 1


def test_r02_of_fifty_at_once_all_that_win_get_the_same_successor(server: Server):
    client, token, _ = session(server, grace=30)
    answers = parallel(server, client, token, 50)
    successors = {answer.document["refresh_token"] for answer in answers if answer.status == 200}
    assert len(successors) == 1
    assert server.grants(client)[0].generation == 1
    assert server.refresh(client, successors.pop()).status == 200


def test_r04_a_replay_in_the_same_second_is_a_replay(server: Server):
    client, first, _ = session(server, grace=0)
    second = server.refresh(client, first).document["refresh_token"]
    assert outcome(server.refresh(client, first)) == BAD
    assert outcome(server.refresh(client, second)) == BAD


def test_r05_a_replay_after_a_restart_is_a_replay(tmp_path: Path):
    configuration, clock = configuration_of(tmp_path), Clock()
    with running(configuration, clock) as server:
        client, first, _ = session(server)
        second = server.refresh(client, first).document["refresh_token"]
        secret = server.secret_of(client)
    clock.now += 31
    with running(configuration, clock) as server:
        server._secrets[client] = secret
        assert outcome(server.refresh(client, first)) == BAD
        assert outcome(server.refresh(client, second)) == BAD
        assert server.grants(client)[0].revoked_because == "refresh_token_reuse"


def test_r07_a_stranger_with_a_live_refresh_token_learns_and_ends_nothing(server: Server):
    client, token, _ = session(server)
    stranger = server.add_client()
    with server.nothing_happens():
        assert outcome(server.refresh(stranger, token)) == BAD
    event = server.events()[-1]
    assert (event["level"], event["refusal"]) == ("warning", "foreign_refresh_token")
    assert server.refresh(client, token).status == 200


def test_r08_a_stranger_with_a_spent_refresh_token_ends_nothing(server: Server):
    client, first, _ = session(server)
    second = server.refresh(client, first).document["refresh_token"]
    server.clock.now += 31
    with server.nothing_happens():
        assert outcome(server.refresh(server.add_client(), first)) == BAD
    assert server.refresh(client, second).status == 200


@pytest.mark.parametrize("scope", ["read write admin", "admin", "nonsense", "read admin"])
def test_r10_a_wider_scope_is_refused_and_the_token_stays_good(server: Server, scope: str):
    client, token, _ = session(server)
    with server.nothing_happens():
        assert outcome(server.refresh(client, token, scope=scope)) == (400, "invalid_scope")
    assert server.refresh(client, token).status == 200


def test_r10_scope_never_grows_back_beyond_the_grant(server: Server):
    client = server.add_client()
    tokens = server.log_in(client, server.add_owner(), scope="read").document
    assert outcome(server.refresh(client, tokens["refresh_token"], scope="read write")) == (400, "invalid_scope")
    assert server.refresh(client, tokens["refresh_token"]).document["scope"] == "read"


def test_r10_a_client_that_may_have_less_by_now_gets_less(server: Server):
    client, token, _ = session(server)
    server.change_client(client, scope=Scope.of(["read"]))
    assert outcome(server.refresh(client, token, scope="read write")) == (400, "invalid_scope")
    renewed = server.refresh(client, token).document
    assert renewed["scope"] == "read"
    assert server.introspect(client, renewed["access_token"])["scope"] == "read"


@pytest.mark.parametrize("scope", ["", " ", "   "])
def test_r12_an_empty_scope_is_the_original_scope(server: Server, scope: str):
    client = server.add_client()
    token = server.log_in(client, server.add_owner(), scope="read").document["refresh_token"]
    assert server.refresh(client, token, scope=scope).document["scope"] == "read"


@pytest.mark.parametrize("scope", ['"read write"', "read\twrite", "read\nwrite", "r\u00e9ad", "read\\write", "read\0"])
def test_r12_characters_outside_the_grammar_are_refused(server: Server, scope: str):
    client, token, _ = session(server)
    with server.nothing_happens():
        assert outcome(server.refresh(client, token, scope=scope)) == (400, "invalid_scope")


def test_r12_a_doubled_name_is_one_name(server: Server):
    client, token, _ = session(server)
    assert server.refresh(client, token, scope="read read").document["scope"] == "read"


FORGERIES = (
    "alg none",
    "alg none with a signature",
    "another subject",
    "HS256 with a public key",
    "unknown kid",
    "no signature",
    "own signature",
)


def segment(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def forgeries(server: Server, token: str) -> dict[str, str]:
    header, payload, signature = token.split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    jwks = server.ask("GET", "/.well-known/jwks.json").document
    public = OctKey.import_key(json.dumps(jwks["keys"][0]))
    return {
        "alg none": f"{segment({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        "alg none with a signature": f"{segment({'alg': 'none', 'typ': 'JWT'})}.{payload}.{signature}",
        "another subject": f"{header}.{segment({**claims, 'user_id': 'other', 'user_name': 'other'})}.{signature}",
        "HS256 with a public key": encode({"alg": "HS256"}, claims, public),
        "unknown kid": f"{segment({'alg': 'HS256', 'kid': 'x'})}.{payload}.{signature}",
        "no signature": f"{header}.{payload}.",
        "own signature": encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.generate_key(256)),
    }


@pytest.mark.parametrize("dialect", ["jmondi", "paymentiq"])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_r15_a_forged_jwt_refresh_token_is_refused_and_ends_nothing(server: Server, dialect: str, forgery: str):
    client, owner = server.add_client(), server.add_owner()
    token = log_in(server, dialect, client, owner).document["refresh_token"]
    with server.nothing_happens():
        answer = send(
            server, dialect, client, grant_type="refresh_token", refresh_token=forgeries(server, token)[forgery]
        )
    assert answer.status in (400, 401)
    assert send(server, dialect, client, grant_type="refresh_token", refresh_token=token).status == 200


def mutations(token: str) -> list[str]:
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.find(token[-1])
    malleated = [token[:-1] + alphabet[last ^ bit] for bit in (1, 2, 3)] if last >= 0 else []
    return [
        token[:-1],
        token[1:],
        f"{token}A",
        f"{token}=",
        f"{token}==",
        f" {token}",
        f"{token} ",
        f"{token}\n",
        f"\t{token}",
        token.swapcase(),
        token.upper(),
        flipped,
        f"{token}\0",
        f"{token}%00",
        token.replace("_", "/", 1) + "x",
        token[: len(token) // 2],
        token * 2,
        f"{token}.",
        *malleated,
    ]


@pytest.mark.parametrize("dialect", ["standard", "jobspace", "jmondi", "paymentiq", "kabbage"])
def test_r17_only_the_exact_refresh_token_is_one(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    token = log_in(server, dialect, client, owner).document["refresh_token"]
    for mutation in mutations(token):
        if mutation.strip() == token and dialect == "jobspace":
            continue  # Laravel trims parameters
        with server.nothing_happens():
            answer = send(server, dialect, client, grant_type="refresh_token", refresh_token=mutation)
        assert answer.status in (400, 401), mutation
        assert server.introspect(client, mutation) == {"active": False}
    assert send(server, dialect, client, grant_type="refresh_token", refresh_token=token).status == 200


@pytest.mark.parametrize("dialect", ["standard", "jobspace", "jmondi", "paymentiq", "kabbage", "axosoft"])
def test_r17_only_the_exact_access_token_is_one(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    token = log_in(server, dialect, client, owner).document["access_token"]
    assert server.introspect(client, token)["active"] is True
    for mutation in mutations(token):
        assert server.introspect(client, mutation) == {"active": False}, mutation


def test_r19_no_rotation_moves_the_absolute_end(server: Server):
    client, token, _ = session(server, refresh_token_lifetime=30 * DAY, refresh_token_idle_lifetime=2 * DAY)
    ends = server.grants(client)[0].expires_at
    for _ in range(29):
        server.clock.now += DAY
        token = server.refresh(client, token).document["refresh_token"]
    assert server.grants(client)[0].expires_at == ends
    server.clock.now += DAY
    assert outcome(server.refresh(client, token)) == BAD


def test_r20_an_idle_refresh_token_ends(server: Server):
    client, token, _ = session(server, refresh_token_idle_lifetime=3 * DAY)
    server.clock.now += 3 * DAY - 1
    token = server.refresh(client, token).document["refresh_token"]
    server.clock.now += 3 * DAY
    assert outcome(server.refresh(client, token)) == BAD
    assert server.introspect(client, token) == {"active": False}


def test_r22_a_lost_answer_is_given_again_and_there_is_one_branch(server: Server):
    client, first, _ = session(server)
    successor = server.refresh(client, first).document["refresh_token"]
    server.clock.now += 29
    assert server.refresh(client, first).document["refresh_token"] == successor
    third = server.refresh(client, successor).document["refresh_token"]
    assert server.grants(client)[0].generation == 2
    assert outcome(server.refresh(client, first)) == BAD  # two generations old: no retry
    assert outcome(server.refresh(client, third)) == BAD


def test_r24_a_grant_of_a_hundred_thousand_generations_ends_as_fast_as_any(server: Server):
    client, first, _ = session(server)
    path = server.configuration.path(server.configuration.database)
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute(
            "UPDATE grants SET generation = 100000, issued = 100001 WHERE client_id = ?", (client,)
        )
        assert changed.rowcount == 1
    assert outcome(server.refresh(client, first)) == BAD
    assert server.grants(client)[0].revoked_because == "refresh_token_reuse"


def test_r25_a_refresh_token_in_the_query_is_refused(server: Server):
    client, token, _ = session(server)
    form = {"grant_type": "refresh_token", **server.credentials(client)}
    with server.nothing_happens():
        answer = server.form("/oauth2/token", form, query=f"refresh_token={token}".encode())
    assert outcome(answer) == (400, "invalid_request")


def test_r25_user_name_and_password_beside_a_refresh_token_are_not_checked(server: Server):
    client, token, _ = session(server)
    hashes = server.passwords.hashes_computed
    answer = server.refresh(client, token, username=server.add_owner(), password=PASSWORD)
    assert answer.status == 200
    assert server.passwords.hashes_computed == hashes


def test_r29_after_the_clean_up_a_very_old_refresh_token_is_still_recognised(server: Server):
    client, first, _ = session(server)
    token = first
    for _ in range(20):
        server.clock.now += DAY
        token = server.refresh(client, token).document["refresh_token"]
    server.run(server.tool.administration.purge(server.clock() - 60))
    assert outcome(server.refresh(client, first)) == BAD
    assert outcome(server.refresh(client, token)) == BAD


def raw_forms(token: str) -> list[bytes]:
    """The token as text and, where it is an encoding, as the bytes that it spells."""
    forms = [token.encode()]
    body = token.partition("_")[2] if token.startswith("dg") else token
    with suppress(ValueError):
        forms.append(urlsafe_b64decode(body + "=" * (-len(body) % 4))[-16:])
    digits = token.replace("-", "").removeprefix("def50200")
    if all(digit in "0123456789abcdef" for digit in digits):
        forms += [bytes.fromhex(digits)[-16:], digits.encode()]
    return forms


def test_r30_a_stolen_database_holds_nothing_that_could_be_presented(tmp_path: Path):
    with running(configuration_of(tmp_path), Clock(START)) as server:
        client, owner = server.add_client(), server.add_owner()
        secrets = [server.secret_of(client), PASSWORD]
        tokens = []
        for dialect in ("standard", "jobspace", "jmondi", "paymentiq", "kabbage", "axosoft"):
            document = log_in(server, dialect, client, owner).document
            tokens += [document["access_token"], document.get("refresh_token", document["access_token"])]
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("dragoman.db*"))
    stored += b"".join(path.read_bytes() for path in tmp_path.glob("dragoman.db*"))
    assert client.encode() in stored
    for secret in secrets:
        assert secret.encode() not in stored
    for token in tokens:
        for form in raw_forms(token):
            assert form not in stored, token


def test_a_replay_from_elsewhere_does_not_look_like_a_retry(server: Server):
    client, first, _access = session(server)
    server.refresh(client, first)
    server.clock.now += 31
    form = {"grant_type": "refresh_token", **server.credentials(client), "refresh_token": first}
    assert outcome(server.form("/oauth2/token", form, headers=[("User-Agent", "another")])) == BAD
    grant = server.grants(client)[0]
    assert grant.reuse == Reuse(behind=1, age=31, looked_like_retry=False)
    assert (grant.used_by.agent, grant.revoked_by.agent) == ("", "another")
