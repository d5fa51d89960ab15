"""`realm.json` anew: the realm `shop`, filled by a Keycloak of the bench's peers and written by its own `kc.sh export`.

`make keycloak-export`; it needs Java, and takes some minutes. Salts, hashes and ids are others each time. What is cut
out is what another file of a realm's would hold as well: keys, flows of log-in pages, mappers of scopes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from tests.importers.keycloak.shop import ADMINISTRATOR, REALM, USERS_BY_POLICY
from tests.processes import free_port, wait_until

_PEER = Path(__file__).parents[3] / "bench" / "peers" / "keycloak"
_KEPT = Path(__file__).parent / "realm.json"
_CUT = (
    "attributes", "authenticationFlows", "authenticatorConfig", "browserSecurityHeaders", "clientPolicies",
    "clientProfiles", "components", "localizationTexts", "requiredActions", "smtpServer",
)  # fmt: skip
_START_SECONDS = 600


class Administrator:
    """Who asks the server's administration (its REST API)."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._token = ""

    def log_in(self) -> bool:
        """Whether there is somebody to answer."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": ADMINISTRATOR}
        path = f"{self._address}/realms/master/protocol/openid-connect/token"
        try:
            with urllib.request.urlopen(path, urllib.parse.urlencode(form).encode(), timeout=60) as answer:
                self._token = json.load(answer)["access_token"]
        except OSError:
            return False
        return True

    def ask(self, method: str, path: str, content: object) -> None:
        """Have it done."""
        self.log_in()  # its tokens are good for a minute
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        url, body = f"{self._address}/admin/realms{path}", json.dumps(content).encode()
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            urllib.request.urlopen(request, timeout=300).close()
        except urllib.error.HTTPError as refused:
            sys.exit(f"{method} {path}: {refused.code} {refused.read().decode()}")


def fill(administrator: Administrator) -> None:
    """The realm, and people whose passwords other policies had hashed."""
    administrator.ask("POST", "", REALM)
    for policy, users in USERS_BY_POLICY.items():
        administrator.ask("PUT", "/shop", {"passwordPolicy": policy})
        for user in users:
            administrator.ask("POST", "/shop/users", user)


def trimmed(export: dict) -> dict:
    """Without what nobody reads."""
    kept = {name: value for name, value in export.items() if name not in _CUT}
    scopes = [{name: value for name, value in one.items() if name != "protocolMappers"} for one in kept["clientScopes"]]
    return {**kept, "clientScopes": scopes}


def main() -> None:
    """Start it, fill it, stop it, export."""
    environment = {
        **os.environ, "KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMINISTRATOR,
        "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "keycloak"
        shutil.copytree(_PEER, home)  # it keeps its database beside itself
        program, port = str(home / "bin" / "kc.sh"), free_port()
        listening = ("--http-host=127.0.0.1", f"--http-port={port}", "--cache=local")
        server = subprocess.Popen([program, "start-dev", *listening], env=environment)
        try:
            administrator = Administrator(f"http://127.0.0.1:{port}")
            wait_until(administrator.log_in, _START_SECONDS)
            fill(administrator)
        finally:
            server.terminate()
            server.wait()
        export = Path(folder) / "realm.json"
        subprocess.run(
            [program, "export", "--realm=shop", f"--file={export}", "--db=dev-file"], env=environment, check=True
        )
        _KEPT.write_text(json.dumps(trimmed(json.loads(export.read_bytes())), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
