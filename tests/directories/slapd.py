"""A real OpenLDAP server for tests: an instance of its own in a folder, on free ports, with people, groups and TLS."""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import ldap3

from tests.certificates import write_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROGRAM = shutil.which("slapd") or shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/libexec")
SCHEMAS = Path("/etc/ldap/schema")
MODULES = Path("/usr/lib/ldap")
MISSING = None if PROGRAM and SCHEMAS.is_dir() else "slapd (OpenLDAP) is not installed: `make tools` installs it"
BASE = "dc=members,dc=example"
READER, READER_PASSWORD = f"cn=reader,{BASE}", "what the reader says"
_ROOT, _ROOT_PASSWORD = f"cn=root,{BASE}", "root of the tests"
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_PATIENCE = 60.0
_CONFIGURATION = """
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.4203.666.1.77 NAME 'binaryId' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.1.78 NAME 'binaryPerson' SUP top AUXILIARY MAY binaryId )
modulepath {modules}
moduleload back_mdb
pidfile {folder}/pid
argsfile {folder}/args
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}
allow bind_anon_cred bind_anon_dn
database mdb
maxsize 16777216
suffix "{base}"
rootdn "{root}"
rootpw "{root_password}"
directory {folder}/data
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="{base}" by dn.exact="{reader}" read by * auth
"""


class Slapd:
    """It lets anybody bind with a DN and no password, as careless servers do: a success that shows nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "certificate.pem"
        write_certificate(self.certificate, "localhost")
        (folder / "data").mkdir()
        (folder / "slapd.conf").write_text(
            _CONFIGURATION.format(
                schemas=SCHEMAS, modules=MODULES, folder=folder, certificate=self.certificate, base=BASE, root=_ROOT,
                root_password=_ROOT_PASSWORD, reader=READER,
            )
        )  # fmt: skip
        self.port, self.tls_port = _free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. In the main thread: it ends with the thread that started it."""
        addresses = f"ldap://127.0.0.1:{self.port}/ ldaps://127.0.0.1:{self.tls_port}/"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-f", self._folder / "slapd.conf", "-h", addresses, "-d", "0"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self._folder, preexec_fn=_end_with_parent,  # noqa: PLW1509 (no forks)
            )  # fmt: skip
        _wait_for(self.port, self._process)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_PATIENCE)
            self._process = None

    def fill(self) -> None:
        """The tree, without people."""
        self.add(BASE, "domain", dc="members")
        for unit in ("people", "groups"):
            self.add(f"ou={unit},{BASE}", "organizationalUnit", ou=unit)
        self.add(READER, "organizationalRole simpleSecurityObject", cn="reader", userPassword=READER_PASSWORD)

    def add(self, dn: str, classes: str, **attributes: object) -> str:
        """One more entry; its DN."""
        with self._as_root() as connection:
            assert connection.add(dn, classes.split(), dict(attributes)), connection.result
        return dn

    def add_person(self, uid: str, password: str | None, **attributes: object) -> str:
        """Somebody; the DN."""
        given: Mapping[str, object] = {} if password is None else {"userPassword": password}
        rdn = f"uid={ldap3.utils.dn.escape_rdn(uid)}"
        values = {"uid": uid, "cn": uid, "sn": "Lee", "mail": f"{uid}@members.example", **given, **attributes}
        return self.add(f"{rdn},ou=people,{BASE}", values.pop("classes", "inetOrgPerson"), **values)

    def change(self, dn: str, **attributes: str) -> None:
        """Other values."""
        changes = {name: [(ldap3.MODIFY_REPLACE, [value])] for name, value in attributes.items()}
        with self._as_root() as connection:
            assert connection.modify(dn, changes), connection.result

    def remove(self, dn: str) -> None:
        """One entry less."""
        with self._as_root() as connection:
            assert connection.delete(dn), connection.result

    @contextmanager
    def _as_root(self) -> Iterator[ldap3.Connection]:
        server = ldap3.Server("127.0.0.1", self.port, get_info=ldap3.NONE)
        connection = ldap3.Connection(server, _ROOT, _ROOT_PASSWORD, auto_bind=ldap3.AUTO_BIND_NO_TLS)
        try:
            yield connection
        finally:
            connection.unbind()


def _free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("slapd does not start")


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
