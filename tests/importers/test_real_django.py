"""The switch from a real django-oauth-toolkit: it fills its own database, and a client of its goes on here.

It comes with the peers of the bench (`make bench-peers`); where they are not installed, what was recorded of it is all
that is tried (test_sessions.py, test_django.py).
"""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dragoman.config.reading import read_configuration
from tests.importers.sources import counts
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.commanding import Folder

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "bench" / "peers" / ".venv" / "bin" / "python"
BASIC = b64encode(b"mobile:the secret of mobile").decode()


@contextmanager
def old_server(database: Path) -> Iterator[str]:
    """The address of its token endpoint, while it runs."""
    command = [PYTHON, Path(__file__).with_name("django_site.py"), database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, "the old server did not start"
            yield f"http://127.0.0.1:{port}/o/token/"
        finally:
            process.kill()


def ask(address: str, **fields: str) -> tuple[int, dict[str, Any]]:
    """As its client asks, at either server."""
    body = urllib.parse.urlencode(fields).encode()
    request = urllib.request.Request(address, body, {"Authorization": f"Basic {BASIC}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def log_in(address: str, who: str, password: str) -> tuple[int, dict[str, Any]]:
    return ask(address, grant_type="password", username=who, password=password, scope="read")


def refresh(address: str, token: str) -> tuple[int, dict[str, Any]]:
    return ask(address, grant_type="refresh_token", refresh_token=token)


@pytest.mark.skipif(not PYTHON.exists(), reason="the peers of the bench are not installed: make bench-peers")
def test_a_client_of_the_old_server_goes_on_without_a_log_in(folder: Folder, tmp_path: Path):
    database = tmp_path / "db.sqlite3"
    with old_server(database) as address:
        status, live = log_in(address, "ann", "the password of ann")
        assert status == 200, live
        status, spent = log_in(address, "ann", "the password of ann")
        status, successor = refresh(address, spent["refresh_token"])
        assert status == 200, successor
        assert log_in(address, "bob", "the password of bob")[0] == 400
    options = ("--allow-grant", "password", "--scope", "read", "--sessions")
    told = folder.run("import", "django", database, *options, "--json")
    assert counts(told)["client"] == {"created": 1}
    assert counts(told)["resource owner"] == {"created": 2}
    assert counts(told)["session"]["created"] == 2
    now = datetime.now(UTC)
    former = f"cut_over = {now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}\nuntil = {now + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}\n"
    folder.file.write_text(f'{folder.file.read_text()}\n[[former]]\nformat = "django"\n{former}')
    folder.change(demo_resource="demo_resource = true")
    with serving(read_configuration(folder.file)) as served:
        address = f"{served}/oauth2/token"
        for token in (live["refresh_token"], successor["refresh_token"]):
            status, ours = refresh(address, token)
            assert status == 200, ours
            request = urllib.request.Request(
                f"{served}/resource", headers={"Authorization": f"Bearer {ours['access_token']}"}
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert answer.status == 200
        assert refresh(address, spent["refresh_token"])[0] == 400
        assert log_in(address, "ann", "the password of bob")[0] == 400
        assert log_in(address, "bob", "the password of bob")[0] == 400
        assert log_in(address, "ann", "the password of ann")[0] == 200
