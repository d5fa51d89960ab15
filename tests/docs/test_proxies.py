"""The proxies' configurations of docs/proxies.md, each run by the real program in front of a real server."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from tests.certificates import write_certificate
from tests.leaks.cast import CLIENT, PERSON, draw_secrets, provision
from tests.leaks.search import needles_of, pieces_of, search
from tests.processes import free_port, running_server, wait_until

from dragoman.config.reading import read_configuration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.leaks.cast import Secrets
    from tests.leaks.search import Finding
    from tests.processes import ServerProcess

PAGE = Path(__file__).parents[2] / "docs" / "proxies.md"
SNIPPET = re.compile(r"<!-- snippet: (\w+) -->\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = dict(SNIPPET.findall(PAGE.read_text(encoding="utf-8")))
PATH = "/api/oauth2/token"
SECRETS = draw_secrets("behind a proxy")
SPOOFED = (
    ("X-Forwarded-For", "192.0.2.66"),
    ("X-Forwarded-For", "192.0.2.67"),
    ("X_Forwarded_For", "192.0.2.68"),
    ("X-Forwarded-Proto", "http"),
    ("X_Forwarded_Proto", "http"),
    ("Forwarded", "for=192.0.2.69;proto=http"),
    ("X-Real-IP", "192.0.2.70"),
)
PERSONS_ADDRESS = "127.0.0.2"
"""From where the client of these tests connects; the proxy connects from 127.0.0.1."""

each_program = pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not on this machine")
        )
        for name in ("nginx", "haproxy", "caddy")
    ],
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """With the page's own settings."""
    folder = tmp_path_factory.mktemp("behind")
    (settings,) = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    file = folder / "dragoman.toml"
    cheap = "[passwords]\nmemory_kib = 8\niterations = 1\n"
    file.write_text(f'{settings}\n[[mounts]]\ndialect = "axosoft"\ndemo_resource = true\n{cheap}')
    provision(read_configuration(file), SECRETS)
    with running_server(file) as one:
        yield one


def written(program: str, folder: Path, port: int, server_port: int) -> list[str]:
    """The page's configuration with this machine's paths and ports; the command that runs it."""
    certificate = folder / "certificate.pem"
    write_certificate(certificate, "127.0.0.1")
    text = re.sub(r"/etc/ssl/\S+?\.(?:pem|key)", str(certificate), SNIPPETS[program])
    text = re.sub(r"/var/log/\w+", str(folder), text).replace("127.0.0.1:8000", f"127.0.0.1:{server_port}")
    file = folder / f"{program}.conf"
    match program:
        case "nginx":
            text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
            user = "user root;\n" if os.geteuid() == 0 else ""
            kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
            file.write_text(f"{user}pid {folder}/pid;\nevents {{}}\nhttp {{\n{temporary}{text}}}\n")
            return ["nginx", "-p", str(folder), "-e", str(folder / "start.log"), "-c", str(file), "-g", "daemon off;"]
        case "haproxy":
            file.write_text(text.replace("bind :443", f"bind 127.0.0.1:{port}"))
            return ["haproxy", "-db", "-f", str(file)]
        case _:
            site = text.replace("login.example.com {", f"https://127.0.0.1:{port} {{")
            file.write_text(site.replace("{\n", "{\n\tadmin off\n\tauto_https disable_redirects\n", 1))
            return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


@contextmanager
def proxied(program: str, folder: Path, server_port: int) -> Iterator[int]:
    """The port at which the proxy answers. What it prints goes to a log beside its others."""
    port = free_port()
    command = written(program, folder, port, server_port)
    home = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    printed = folder / "printed.log"
    with (
        printed.open("wb") as stream,
        subprocess.Popen(command, stdout=stream, stderr=stream, env=home, stdin=subprocess.DEVNULL) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or answers(port))
            assert process.poll() is None, printed.read_text()
            yield port
        finally:
            process.terminate()


def answers(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, method: str, path: str, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()) -> int:
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection(
        "127.0.0.1", port, context=context, timeout=20, source_address=(PERSONS_ADDRESS, 0)
    )
    connection.putrequest(method, path)
    for name, value in (("Content-Length", str(len(body))), *headers):
        connection.putheader(name, value)
    connection.endheaders()
    with suppress(OSError):  # it may be refused before it is whole
        connection.send(body)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def log_in(secrets: Secrets) -> str:
    return urlencode(
        {
            "grant_type": "password", "client_id": CLIENT, "client_secret": secrets.client_secret,
            "username": PERSON, "password": secrets.password, "scope": "read",
        }
    )  # fmt: skip


@each_program
def test_what_the_page_prints_keeps_secrets_out_of_logs_and_spoofed_addresses_away(
    program: str, tmp_path: Path, server: ServerProcess
):
    query = log_in(SECRETS)
    secret_headers = (
        ("Referer", f"https://app.example/?{query}"),
        ("Cookie", f"session={SECRETS.cookie}"),
        ("X-Api-Key", SECRETS.header),
    )
    with proxied(program, tmp_path, server.port) as port:
        before = len(server.events("request"))
        assert ask(port, "GET", f"{PATH}?{query}", headers=(*SPOOFED, *secret_headers)) == 200
        bearer = (("Authorization", f"Bearer {SECRETS.bearer}"),)
        assert ask(port, "GET", f"/api/v6/me?access_token={SECRETS.token}", headers=bearer) == 401
        told = wait_until(lambda: (found := server.events("request")[before:])[1:] and found)
        assert {(line["outcome"], line["address"]) for line in told} == {
            ("ok", PERSONS_ADDRESS),
            ("malformed_token", PERSONS_ADDRESS),
        }
        assert ask(port, "POST", PATH, body=b"x" * 40_000) == (502 if program == "caddy" else 413)
        wait_until(lambda: f"{PATH}".encode() in logs(tmp_path))
    assert b"GET" in logs(tmp_path)
    assert found_in_logs(tmp_path) == set()


@each_program
def test_not_even_while_the_server_is_away_does_a_secret_reach_the_proxys_logs(program: str, tmp_path: Path):
    query = log_in(SECRETS)
    with proxied(program, tmp_path, free_port()) as port:
        for method in ("GET", "POST"):
            headers = (("Referer", f"https://app.example/?{query}"), ("Authorization", f"Bearer {SECRETS.bearer}"))
            assert ask(port, method, f"{PATH}?{query}", headers=headers) in (502, 503)
        wait_until(lambda: f"{PATH}".encode() in logs(tmp_path))
    assert found_in_logs(tmp_path) == set()


def found_in_logs(folder: Path) -> set[Finding]:
    needles = needles_of({name: pieces_of(getattr(SECRETS, name)) for name in SECRETS.__dataclass_fields__})
    return search({"the proxy's logs": logs(folder)}, needles)


def logs(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.log")))


@each_program
def test_the_programs_own_check_of_the_page_has_nothing_to_say(program: str, tmp_path: Path):
    command = written(program, tmp_path, free_port(), free_port())
    check = {
        "nginx": [*command, "-t"],
        "haproxy": ["haproxy", "-c", *command[2:]],
        "caddy": ["caddy", "validate", *command[2:]],
    }
    ended = subprocess.run(
        check[program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert ended.returncode == 0, ended.stderr
    assert not re.search(r"\[(?:warn|warning|alert|emerg)\]|^\[?WARNING", ended.stderr, re.IGNORECASE), ended.stderr


def test_there_is_a_piece_for_each_program_that_the_page_names():
    assert set(SNIPPETS) == {"nginx", "haproxy", "caddy"}


def test_the_server_says_at_its_start_where_urls_hold_secrets_and_what_to_do(server: ServerProcess):
    assert (
        f"dragoman: switched on against RFC 9700: URLs that hold secrets at {PATH}: whatever stands in front of this "
        "server must write no query into its logs (docs/proxies.md)\n"
    ) in server.told
