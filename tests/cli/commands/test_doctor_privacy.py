"""What `dragoman doctor` says of secrets in files that every account of the machine may read: S09."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commanding import Folder

SECRET = "open-sesame-of-the-database-and-more"
STATEMENTS = "\n".join(
    f'{name} = "SELECT {what}"'
    for name, what in {"insert": ":token, :grant", "revoke_grant": ":grant", "revoke_token": ":token"}.items()
)
OF_ALL = 0o755
"""A folder that everybody may go through; pytest's own are private."""


@pytest.fixture
def reached(folder: Folder) -> Iterator[Folder]:
    """A copy of the folder where everybody may go."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(OF_ALL)
        copy = folder.copied_to(Path(place) / "server")
        copy.path.chmod(OF_ALL)
        yield copy


def warnings_of(folder: Folder, check: str) -> list[str]:
    outcome = folder.run("doctor", "--json")
    assert SECRET not in outcome.out + outcome.err
    assert "Traceback" not in outcome.err
    found = outcome.json["findings"]
    return [one["text"] for one in found if one["check"] == check and one["state"] == "warning"]


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("shared", f'shared = "redis://:{SECRET}@127.0.0.1:1"'),
        ("database", f'database = "postgresql://dragoman:{SECRET}@127.0.0.1:1/dragoman?patience=1"'),
        ("database", f'database = "postgresql://dragoman@127.0.0.1:1/dragoman?patience=1&password={SECRET}"'),
        ("mirror.url", f'[mirror]\nurl = "mysql://api:{SECRET}@127.0.0.1:1/api"\n{STATEMENTS}'),
        ("directory.http.bearer", f'[directory.http]\nurl = "http://127.0.0.1:1"\nbearer = "{SECRET}"'),
        ("directory.http.signing_key", f'[directory.http]\nurl = "http://127.0.0.1:1"\nsigning_key = "{SECRET}"'),
        ("directory.ldap.bind_password", f'[directory.ldap]\nbind_dn = "cn=a"\nbind_password = "{SECRET}"'),
    ],
)
def test_s09_a_configuration_with_a_secret_that_everybody_may_read_is_told(reached: Folder, setting: str, text: str):
    reached.file.write_text(f'{text}\n[[mounts]]\ndialect = "standard"\n')
    reached.file.chmod(0o644)
    told = warnings_of(reached, "configuration")
    assert len(told) == 1
    assert f"can be read by every account, and {setting} has a secret in it" in told[0]
    reached.file.chmod(0o640)
    assert warnings_of(reached, "configuration") == []


def test_s09_a_configuration_without_a_secret_may_be_read(reached: Folder, monkeypatch: pytest.MonkeyPatch):
    reached.change(shared='shared = "redis://127.0.0.1:1"')
    monkeypatch.setenv("DRAGOMAN_DATABASE", f"postgresql://dragoman:{SECRET}@127.0.0.1:1/dragoman?patience=1")
    reached.file.chmod(0o644)
    assert warnings_of(reached, "configuration") == []


def test_s09_a_folder_that_is_closed_to_others_keeps_what_is_in_it(reached: Folder):
    reached.change(shared=f'shared = "redis://:{SECRET}@127.0.0.1:1"')
    reached.file.chmod(0o644)
    reached.path.chmod(0o700)
    assert warnings_of(reached, "configuration") == []


def test_s09_a_key_of_tls_that_everybody_may_read_is_told(reached: Folder):
    reached.change(tls_certificate='tls_certificate = "chain.pem"', tls_key='tls_key = "key.pem"')
    key = reached.path / "key.pem"
    key.write_text("no key")
    key.chmod(0o644)
    assert warnings_of(reached, "tls") == ["server.tls_key key.pem can be read by every account"]
    key.chmod(0o640)
    assert warnings_of(reached, "tls") == []
    key.unlink()
    assert warnings_of(reached, "tls") == []
