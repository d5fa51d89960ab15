"""Keys rolled API by API: no API refuses a token of its own, before, while and after it learns the new key."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, OctKey, RSAKey

from dragoman.config.reading import read_configuration
from tests.cli.commanding import Folder, make_folder, post
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 60
OLD_SECRET = "the one secret of the old server and all of its APIs"
NEW_SECRET = "the secret that the orders alone will have from now on"
TOKEN_PATHS = {"jobspace": "/oauth/token", "jmondi": "/token", "standard": "/oauth2/token"}
ALGORITHMS = {"jobspace": "RS256", "jmondi": "HS256", "standard": "ES256"}


@dataclass
class Api:
    """An API that checks signatures by itself, with the keys it was told of and no others."""

    audience: str
    dialect: str
    client: tuple[str, str]
    keys: list[RSAKey | OctKey | ECKey]
    seen: list[str] = field(default_factory=list)

    def signer(self, token: str) -> int | None:
        """Which of its keys made the signature; None: it refuses the token."""
        registry = jws.JWSRegistry(algorithms=[ALGORITHMS[self.dialect]], strict_check_header=False)
        for number, key in enumerate(self.keys):
            try:
                jws.deserialize_compact(token, key, registry=registry)
            except BadSignatureError:
                continue
            return number
        return None

    def call(self, address: str) -> int | None:
        """Its client gets a token and comes with it."""
        status, answer = post(address + TOKEN_PATHS[self.dialect], self.client, grant_type="client_credentials")
        assert status == 200, answer
        self.seen.append(answer["access_token"])
        return self.signer(answer["access_token"])


def listed(folder: Folder) -> dict[str, tuple[str, tuple[str, ...]]]:
    """State and audience of each key."""
    return {one["kid"]: (one["state"], tuple(one["audience"])) for one in folder.done("key", "list", "--json").json}


def published(address: str) -> dict[str, dict[str, str]]:
    with urllib.request.urlopen(f"{address}/.well-known/jwks.json", timeout=PATIENCE_SECONDS) as response:
        return {key["kid"]: key for key in json.load(response)["keys"]}


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@dataclass
class Company:
    """A server that took over from others, with two APIs for each of three dialects."""

    folder: Folder
    address: str
    guard: tuple[str, str]
    old: dict[str, str]
    """The key that each dialect begins with."""
    apis: dict[tuple[str, str], Api]

    def all_are_served(self) -> bool:
        """Each client gets a token, and its API takes it. Whether the orders' tokens are of their new keys by now."""
        signers = {which: api.call(self.address) for which, api in self.apis.items()}
        assert None not in signers.values(), signers
        assert {signer for (audience, _), signer in signers.items() if audience == "billing"} == {0}
        return {signer for (audience, _), signer in signers.items() if audience == "orders"} == {1}

    def is_active(self, token: str) -> bool:
        status, answer = post(f"{self.address}/oauth2/introspect", self.guard, token=token)
        assert status == 200
        return answer["active"]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    dialects = [word for name in TOKEN_PATHS for word in ("--dialect", name)]
    folder = make_folder(tmp_path_factory.mktemp("company") / "server", *dialects)
    brought = rsa.generate_private_key(65537, 2048)
    pem = brought.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    old = {
        name: folder.done("key", "import", folder.private_file(content), "--active-in", 0, "--json").json["kid"]
        for name, content in (("jobspace", pem), ("jmondi", OLD_SECRET))
    }
    wait_for(lambda: all(listed(folder)[kid][0] == "in use" for kid in old.values()))
    with serving(read_configuration(folder.file)) as address:
        own = next(key for key in published(address).values() if key["alg"] == "ES256")
        known = {
            "jobspace": RSAKey.import_key(brought.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)),
            "jmondi": OctKey.import_key(OLD_SECRET.encode()),
            "standard": ECKey.import_key(own),
        }
        apis = {}
        for dialect, key in known.items():
            for audience in ("orders", "billing"):
                more = ("--shared-key-signature",) if dialect == "jmondi" else ()
                name, grant = f"{dialect}-{audience}", "client_credentials"
                options = ("--dialect", f"{dialect} standard", "--grant-type", grant, "--audience", audience, *more)
                apis[audience, dialect] = Api(audience, dialect, (name, folder.client(name, *options)), [key])
        guard = ("guard", folder.client("guard"))
        yield Company(folder, address, guard, {**old, "standard": own["kid"]}, apis)


def test_one_api_moves_to_its_own_key_and_no_token_of_any_is_refused(company: Company):
    folder = company.folder
    assert not company.all_are_served()
    new = {}
    for dialect in ("jobspace", "standard"):
        options = ("--algorithm", ALGORITHMS[dialect], "--audience", "orders", "--active-in", 3, "--json")
        new[dialect] = folder.done("key", "rotate", "access", *options).json["kid"]
    file = folder.private_file(NEW_SECRET)
    told = folder.done("key", "import", file, "--audience", "orders", "--active-in", 3, "--json").json
    assert (told["algorithm"], told["audience"]) == ("HS256", ["orders"])
    new["jmondi"] = told["kid"]

    wait_for(lambda: {new["standard"], new["jobspace"]} <= published(company.address).keys())
    pem = folder.done("key", "show-public", new["jobspace"], "--pem").out
    company.apis["orders", "jobspace"].keys.append(RSAKey.import_key(pem))
    company.apis["orders", "jmondi"].keys.append(OctKey.import_key(NEW_SECRET.encode()))
    company.apis["orders", "standard"].keys.append(ECKey.import_key(published(company.address)[new["standard"]]))
    wait_for(company.all_are_served)

    after = listed(folder)
    assert {after[kid] for kid in new.values()} == {("in use", ("orders",))}
    assert {after[kid] for kid in company.old.values()} == {("in use", ())}
    assert {new["standard"], company.old["standard"]} <= published(company.address).keys()
    for api in company.apis.values():
        assert all(api.signer(token) is not None and company.is_active(token) for token in (api.seen[0], api.seen[-1]))

    for dialect, kid in new.items():
        retired = folder.done("key", "retire", kid, "--in", 0).out
        assert f"From then on the key for all makes tokens for orders: {company.old[dialect]}" in retired
    last = [company.apis["orders", dialect].seen[-1] for dialect in new]
    wait_for(lambda: not any(company.is_active(token) for token in last))
    assert not company.all_are_served(), "the way back: each API knows the old key still"


def test_what_an_audience_may_be_is_told(folder: Folder):
    for command in (("rotate", "refresh", "--audience", "orders"), ("rotate", "access", "--audience", " ")):
        outcome = folder.run("key", *command)
        assert (outcome.status, outcome.out) == (2, "")
        assert "audience" in outcome.err
    told = folder.done("key", "rotate", "access", "--audience", "orders billing", "--audience", "orders").out
    assert "for billing, orders\n" in told
    assert "goes on making the tokens of the others" in told
    old = next(kid for kid, (_, audience) in listed(folder).items() if audience)
    row = next(line for line in folder.done("key", "list").out.splitlines() if old in line)
    assert row.split()[:5] == ["access", "ES256", "billing", "orders", "waiting"]
    assert "goes on" in folder.done("key", "rotate", "--audience", "orders", "--active-in", 0).out
    folder.done("key", "retire", old, "--in", 0)
    audited = (folder.path / "audit").rglob("*")
    assert any('"audience":"billing orders"' in path.read_text() for path in audited if path.is_file())


def test_a_key_of_one_audience_does_not_stand_in_for_the_last_key_of_all(folder: Folder):
    only = next(kid for kid, _ in listed(folder).items() if kid in published_by_command(folder))
    folder.done("key", "rotate", "access", "--audience", "orders", "--active-in", 0)
    assert "is the last ES256 key" in folder.run("key", "retire", only, "--in", 3600).fault
    told = folder.done("key", "rotate", "access").out
    assert f"dragoman key retire {only} --in 0" in told
    assert "It does not take over where audiences have keys of their own: orders\n" in told


def published_by_command(folder: Folder) -> set[str]:
    return {key["kid"] for key in folder.done("key", "show-public").json["keys"]}


def warnings(folder: Folder) -> list[str]:
    found = folder.run("doctor", "--json").json["findings"]
    return [f"{one['text']}; {one['remedy']}" for one in found if (one["check"], one["state"]) == ("keys", "warning")]


def test_the_doctor_finds_keys_that_sign_nothing_and_clients_between_two_keys(folder: Folder):
    folder.client("shop", "--audience", "https://orders.example")
    assert warnings(folder) == []
    folder.done("key", "rotate", "access", "--audience", "https://orders.example")
    assert warnings(folder) == []
    folder.done("key", "rotate", "access", "--audience", "https://order.example", "--algorithm", "ES256")
    folder.done("key", "rotate", "access", "--audience", "https://orders.example", "--algorithm", "RS256")
    folder.done(
        "key", "import", folder.private_file("fourteen bytes"), "--weak", "--audience", "https://orders.example"
    )
    told = " ".join(warnings(folder))
    assert "no client has ES256 tokens for it" in told
    assert "is for https://order.example, " in told
    assert "is for https://orders.example, and no client has RS256 tokens" in told
    assert "`dragoman key rotate access --algorithm HS256 --audience https://orders.example`" in told
    assert "several audiences" not in told
    for number in range(7):
        folder.client(f"wide-{number}", "--audience", "https://orders.example https://stock.example")
    told = " ".join(warnings(folder))
    assert "wide-0, wide-1, wide-2, wide-3, wide-4 and 2 more are for several audiences" in told
    folder.done("key", "rotate", "access", "--audience", "https://orders.example https://stock.example")
    assert "several audiences" not in " ".join(warnings(folder))
