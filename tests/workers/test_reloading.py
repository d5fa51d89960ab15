"""SIGHUP: another configuration, and nobody notices but by what it says."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import urllib.request
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.certificates import write_certificate
from tests.processes import running_server, started_process, wait_until
from tests.workers.load import load

if TYPE_CHECKING:
    from tests.cli.commanding import Folder
    from tests.processes import ServerProcess


def issuer_of(server: ServerProcess) -> str:
    with urllib.request.urlopen(f"{server.base_url}/.well-known/oauth-authorization-server", timeout=10) as answer:
        return json.load(answer)["issuer"]


def reload(server: ServerProcess, event: str = "reloaded") -> dict:
    """Send the signal, and wait for the line that says what came of it."""
    before = len(server.events(event))
    server.send(signal.SIGHUP)
    return wait_until(lambda: server.events(event)[before:])[0]


@pytest.mark.parametrize("reuse", [True, False])
def test_under_load_no_request_fails_and_the_new_configuration_is_in_force(
    folder: Folder, shop: tuple[str, str], reuse: bool
):
    with running_server(folder.file, workers=2) as server:
        with load(server.port, shop, reuse=reuse) as under_way:
            for number in range(3):
                before = server.workers
                under_way.wait_for_more(50)
                folder.change(issuer=f'issuer = "https://login{number}.example.com"')
                reload(server)
                assert issuer_of(server) == f"https://login{number}.example.com"
                under_way.wait_for_more(50)
                assert not server.wait_for_workers(2) & before
        assert (under_way.failed(), under_way.refused()) == ([], [])
        assert server.stop() == 0


def test_a_configuration_at_fault_changes_nothing_and_is_told(folder: Folder):
    with running_server(folder.file, workers=2) as server:
        before = server.workers
        whole = folder.file.read_text()
        for setting, line, told in (
            ("port", "port = 70000", "DRAGOMAN_… variable), server.workers"),
            ("dialect", 'dialect = "nowhere"', "there is no dialect 'nowhere'"),
            ("database", 'database = "other.db"', "database has changed, which needs a restart"),
            (
                "tls_certificate",
                'tls_certificate = "a.pem"\ntls_key = "b.pem"',
                "server.tls_certificate a.pem cannot be read",
            ),
        ):
            line = "workers = 0" if setting == "port" else line  # noqa: PLW2901 (the port itself is the test's)
            folder.change(**{setting: line})
            assert told in reload(server, "not_reloaded")["reason"]
            folder.file.write_text(whole)
        assert server.wait_for_workers(2) == before
        assert server.stop() == 0


@pytest.mark.parametrize("left", ["", "# nothing but a comment\n"])
def test_an_emptied_file_is_not_taken_for_a_wish_to_have_no_setting(folder: Folder, left: str):
    """An editor or a full disk leaves such a file; taken at its word, it would drop every mount."""
    with running_server(folder.file, workers=1) as server:
        before, whole = server.workers, folder.file.read_text()
        folder.file.write_text(left)
        for _ in range(2):
            assert "holds no setting any more" in reload(server, "not_reloaded")["reason"]
        assert server.workers == before
        folder.file.write_text(whole)
        reload(server)
        assert server.stop() == 0


def test_a_file_that_was_cut_off_is_not_taken_for_a_whole_one_and_what_is_mounted_no_more_is_told(folder: Folder):
    """A full disk leaves as much of it as found room, and amid a comment that is TOML still."""
    one, two = (f'\n# more follows\n[[mounts]]\ndialect = "standard"\nprefix = "/{each}"\n' for each in ("one", "two"))
    folder.file.write_text(folder.file.read_text() + one + two)
    with running_server(folder.file, workers=1) as server:
        whole = folder.file.read_text()
        for cut in (whole[: -len(two) + 8], whole.removesuffix("\n")):
            folder.file.write_text(cut)
            assert "ends in the middle of a line" in reload(server, "not_reloaded")["reason"]
        folder.file.write_text(whole.removesuffix(two))
        assert reload(server)["mounts_gone"] == ["standard at /two"]
        assert reload(server)["mounts_gone"] == []
        assert server.stop() == 0


def test_an_issuer_whose_tokens_are_refused_from_now_on_is_told(folder: Folder):
    old, new = "https://old.example.com", "https://new.example.com"
    folder.change(issuer=f'issuer = "{old}"')
    with running_server(folder.file, workers=1) as server:
        folder.change(issuer=f'issuer = "{new}"\naccepted_issuers = ["{old}"]')
        assert reload(server)["issuers_gone"] == []
        folder.change(accepted_issuers='accepted_issuers = ["https://old.example.com/"]')
        assert reload(server)["issuers_gone"] == [old]
        assert server.stop() == 0


def test_the_number_of_workers_may_change(folder: Folder):
    folder.change(drain_seconds="workers = 1")
    with running_server(folder.file, workers=None) as server:
        folder.change(workers="workers = 3")
        reload(server)
        server.wait_for_workers(3)
        folder.change(workers="workers = 2")
        reload(server)
        server.wait_for_workers(2)


def shown_certificate(server: ServerProcess) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain, context.wrap_socket(plain) as tls:
        tls.sendall(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 200")
        return tls.getpeercert(binary_form=True)


def test_a_renewed_certificate_is_shown_after_a_reload(folder: Folder):
    file = folder.path / "server.pem"
    first = write_certificate(file, "login.example.com")
    folder.change(tls_certificate='tls_certificate = "server.pem"', tls_key='tls_key = "server.pem"')
    with running_server(folder.file) as server:
        assert shown_certificate(server) == first
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
            plain.sendall(b"GET /health/ready HTTP/1.1\r\n\r\n")
            assert not plain.recv(100).startswith(b"HTTP")  # no TLS, no answer
        second = write_certificate(file, "login.example.com")
        assert shown_certificate(server) == first
        reload(server)
        assert shown_certificate(server) == second
        assert server.stop() == 0
        assert "Traceback" not in server.told


def test_a_renewed_certificate_that_was_named_by_options_is_shown_after_a_reload_unless_it_is_at_fault(folder: Folder):
    file, key = folder.path / "chain.pem", folder.path / "key.pem"
    first = write_certificate(file, "login.example.com")
    key.write_bytes(file.read_bytes())
    options = ("--tls-cert", str(file), "--tls-key", str(key))
    with running_server(folder.file, more=options) as server:
        assert server.base_url.startswith("https://")
        assert shown_certificate(server) == first
        second = write_certificate(file, "login.example.com")
        assert "the key is not the certificate's" in reload(server, "not_reloaded")["reason"]
        assert shown_certificate(server) == first
        key.write_bytes(file.read_bytes())
        reload(server)
        assert shown_certificate(server) == second
        key.unlink()
        assert f"server.tls_key {key} cannot be read" in reload(server, "not_reloaded")["reason"]
        assert shown_certificate(server) == second


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
def test_nothing_older_than_tls_1_2_is_spoken(folder: Folder, version: ssl.TLSVersion):
    write_certificate(folder.path / "server.pem", "login.example.com")
    folder.change(tls_certificate='tls_certificate = "server.pem"', tls_key='tls_key = "server.pem"')
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = context.maximum_version = version
    with (
        running_server(folder.file) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
    ):
        if version is ssl.TLSVersion.TLSv1_2:
            with context.wrap_socket(plain) as connection:
                assert connection.selected_alpn_protocol() == "http/1.1"
        else:
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(plain)


def test_an_old_worker_that_hangs_is_killed_when_its_time_to_drain_is_over(folder: Folder):
    folder.change(drain_seconds="drain_seconds = 0")
    with running_server(folder.file, workers=2) as server:
        hanging = min(server.workers)
        os.kill(hanging, signal.SIGSTOP)
        reload(server)
        assert hanging not in server.wait_for_workers(2)
        assert [line["process"] for line in server.events("worker_killed")] == [hanging]
        assert server.stop() == 0


def test_a_reload_that_is_asked_for_during_the_start_is_done_after_it(folder: Folder):
    with started_process(folder.file) as server:
        wait_until(lambda: signal.SIGHUP in blocked(server.process.pid))
        server.send(signal.SIGHUP)
        wait_until(lambda: server.events("reloaded"))
        assert server.stop() == 0


def blocked(pid: int) -> set[int]:
    """The signals that this process keeps waiting."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    mask = int(re.search(r"^SigBlk:\s*(\w+)$", text, re.MULTILINE).group(1), 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_the_service_manager_hears_of_each_step(folder: Folder, tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        with running_server(folder.file, environment={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as server:
            assert manager.recv(100) == b"READY=1"
            reload(server)
            begun, since = manager.recv(100).split(b"\n")
            assert (begun, since.startswith(b"MONOTONIC_USEC=")) == (b"RELOADING=1", True)
            assert manager.recv(100) == b"READY=1"
            server.send(signal.SIGHUP)
            folder.change(dialect='dialect = "nowhere"')
            assert manager.recv(100).startswith(b"RELOADING=1")
            assert manager.recv(100) == b"READY=1"
            server.stop()
            assert manager.recv(100) == b"STOPPING=1"


def test_the_service_manager_hears_again_and_again_that_the_parent_turns(folder: Folder, tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(2)  # which is the service manager's, who would end the server
        given = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
        with running_server(folder.file, environment=given) as server:
            heard = [manager.recv(100) for _ in range(8)]
            assert heard.count(b"WATCHDOG=1") >= 7
            os.kill(server.process.pid, signal.SIGSTOP)
            with pytest.raises(TimeoutError):
                list(iter(partial(manager.recv, 100), b""))
