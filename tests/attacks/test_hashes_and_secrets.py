"""What costs a hash and what may count as one, and where secrets are compared or could be read: C12, I14, J07, K03 to K08, S09."""

import ast
import hashlib
import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import click
import msgspec
import pytest

import dragoman
from dragoman.cli.main import dragoman as program
from tests.attacks.harness import DIALECTS, PASSWORD, Answer, Server, configuration_of, running
from tests.attacks.spelling import log_in, send
from tests.cli.commanding import Folder, make_folder, run
from tests.properties.shapes import RESOURCE
from tests.serving import CHEAP_PASSWORDS

SOURCES = sorted(Path(dragoman.__file__).parent.rglob("*.py"))
SECRET_WORDS = frozenset({"digest", "mac", "secret", "password", "signature", "computed", "expected"})


def test_c12_no_secret_is_compared_byte_by_byte():
    """`==` ends at the first byte that differs. Where a secret is compared, it is done by `hmac.compare_digest`."""
    found = [f"{path.name}:{one.lineno}: {ast.unparse(one)}" for path in SOURCES for one in comparisons_in(path)]
    assert found == []


def comparisons_in(path: Path) -> list[ast.Compare]:
    """Comparisons for equality with something that is revealed, or is called like a secret; not with a constant."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Compare)]
    return [
        node
        for node in nodes
        if isinstance(node.ops[0], ast.Eq | ast.NotEq)
        and not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
        and any(is_secret(side) for side in (node.left, *node.comparators))
    ]


def is_secret(side: ast.expr) -> bool:
    match side:
        case ast.Call(func=ast.Attribute(attr="reveal" | "digest" | "hexdigest")):
            return True
        case ast.Attribute(value=ast.Attribute(attr="c")):
            return False  # a column: the database compares digests of 256 bits, which nobody can steer
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in SECRET_WORDS
        case _:
            return False


@pytest.mark.parametrize("place", ["query", "body"])
@pytest.mark.parametrize("dialect", ["standard", "jobspace", "jmondi", "kabbage"])
def test_i14_a_token_outside_of_the_header_is_no_token(server: Server, dialect: str, place: str):
    """Where the dialect's document does not promise otherwise, as those of Spring and of axosoft do."""
    client = server.add_client()
    token = str(log_in(server, dialect, client, server.add_owner(belongs_to=client)).document["access_token"])
    assert token
    mark = server.mark()
    path = resource_path(dialect)
    text = f"access_token={token}".encode()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    sent = {"query": text} if place == "query" else {"body": text, "headers": form}
    answer = server.ask("GET", path, **sent)
    assert answer.status in (400, 401)
    assert token not in answer.body.decode()
    assert token not in server.log.getvalue()[mark:].decode()


@pytest.mark.parametrize("dialect", ["standard", "jobspace"])
def test_i14_a_token_beside_another_line_of_its_header_is_no_token(server: Server, dialect: str):
    """Whoever stands in front may have read the other one."""
    client = server.add_client()
    good = ("Authorization", f"Bearer {log_in(server, dialect, client, server.add_owner()).document['access_token']}")
    path = resource_path(dialect)
    assert server.ask("GET", path, headers=[good]).status == 200
    for lines in ([good, ("Authorization", "Bearer x")], [good, good], [("Authorization", "Basic eDp4"), good]):
        assert server.ask("GET", path, headers=lines).status == 401


def resource_path(dialect: str) -> str:
    paths = {
        "standard": "/resource", "jobspace": "/api/job", "jmondi": "/contacts",
        "kabbage": "/v2/Data/x/me",
    }  # fmt: skip
    assert dialect in RESOURCE
    return f"/{dialect}{paths[dialect]}"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "PBES2-HS256+A128KW", "enc": "A128CBC-HS256", "p2s": "c2FsdA", "p2c": 2**31},
        {"alg": "dir", "enc": "A256GCM"},
        {"alg": "RSA-OAEP", "enc": "A128CBC-HS256", "zip": "DEF"},
        {"alg": "HS256", "enc": "none"},
    ],
    ids=lambda header: header["alg"],
)
@pytest.mark.parametrize("segments", [3, 5])
def test_j07_an_encrypted_token_is_refused_unread(server: Server, header: dict, segments: int):
    client = server.add_client()
    first = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    token = ".".join([first, *["AAAA"] * (segments - 1)])
    with server.nothing_happens():
        assert server.introspect(client, token) == {"active": False}
        assert server.resource(token) == 401
        assert server.refresh(client, token).error == "invalid_grant"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_k03_a_flood_of_unknown_clients_computes_no_password_hash(server: Server, dialect: str):
    username = server.add_owner()
    form = {"grant_type": "password", "username": username, "password": PASSWORD}
    with server.nothing_happens(hashes=0):
        for _ in range(20):
            unknown = send(server, dialect, secrets.token_hex(8), secrets.token_hex(16), **form)
            assert unknown.status in (400, 401, 403)
        known = server.add_client()
        assert send(server, dialect, known, secrets.token_hex(16), **form).status in (400, 401, 403)


def test_k08_raised_parameters_hold_for_everybody_at_once(tmp_path: Path):
    weak = configuration_of(tmp_path)
    with running(weak) as server:
        client, username = server.add_client(), server.add_owner()
        secret, owner = server.secret_of(client), server.owner_id(username)
        assert server.log_in(client, username).status == 200
    strong = msgspec.structs.replace(
        weak, passwords=msgspec.structs.replace(weak.passwords, memory_kib=16, iterations=2)
    )
    with running(strong) as server:
        form = {"grant_type": "password", "client_id": client, "client_secret": secret, "username": username}
        for name, password in (("nobody", PASSWORD), (username, "wrong password")):
            with server.nothing_happens(hashes=1):
                assert server.form("/oauth2/token", form | {"username": name, "password": password}).status == 400
        assert server.form("/oauth2/token", form | {"password": PASSWORD}).status == 200
        kept = server.run(server.tool.find_resource_owner(owner))
        assert "$m=16,t=2,p=1$" in kept.password_hash


def test_s09_no_command_takes_a_secret_where_others_on_the_machine_read_it(tmp_path: Path):
    """Options are called what they hold. `verify` alone takes test credentials, and says how to hand them over unseen."""
    folder = make_folder(tmp_path / "server")
    holding = {(*path, name) for path, name in options_of(program, ()) if is_called_secret(name)}
    of_verify = {("verify", "--client-secret"), ("verify", "--password")}
    assert holding == of_verify | {("user", "create", "--password-hash"), ("client", "create", "--secret")}
    assert_refused(folder, "client", "create", "shop", "--secret", "canary-of-a-secret")
    for verb in ("inspect", "revoke"):
        assert_refused(folder, "token", verb, "canary-of-a-secret")
    assert "An argument can be seen by others" in " ".join(run("verify", "--help").out.split())


def assert_refused(folder: Folder, *command: str) -> None:
    fault = folder.run(*command).fault
    assert "can be read by others on this machine" in fault
    assert "canary" not in fault


def options_of(group: click.Group, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    """Every option with a value, under the words before it."""
    context, found = click.Context(group), []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found += options_of(command, (*path, name))
        for option in command.params:
            if isinstance(option, click.Option) and not option.is_flag:
                found += [((*path, name), spelled) for spelled in option.opts]
    return found


def is_called_secret(name: str) -> bool:
    return any(word in name for word in ("secret", "password", "token")) and not name.endswith(("-lifetime", "-format"))


def same(one: Answer, other: Answer) -> bool:
    return one.identity == other.identity


def test_k05_a_weak_format_counts_only_where_it_is_named_and_is_replaced_at_log_in(tmp_path: Path):
    stored = "{SHA}" + b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
    for named, status in (((), 400), (("SHA",), 200)):
        passwords = msgspec.structs.replace(CHEAP_PASSWORDS, weak_formats=named)
        with running(configuration_of(tmp_path / str(status), passwords=passwords)) as server:
            client, owner = server.add_client(), server.add_owner(stored=stored)
            assert server.log_in(client, owner).status == status
            checked = server.passwords.imports_checked
            assert server.log_in(client, owner).status == status
            assert server.passwords.imports_checked == checked, "it was replaced, or was never looked at"
