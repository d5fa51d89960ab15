"""A description is enough for a stranger: schemathesis makes requests of it, and no answer is another than it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from dragoman.openapi.document import describe
from dragoman.verification.contract import load_contract
from dragoman.wiring.parts import build_mounts, load_dialects
from tests.serving import configure, mount_of, provision, serving

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method",
)  # fmt: skip
"""All that hold of a token server. That what the schema allows is accepted does not: credentials are right or wrong."""
METHODS = {"get", "post"}
DIALECTS = ("standard", "jobspace", "jmondi", "paymentiq", "kabbage", "axosoft")


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory):
    """The server's address, the file with its description, and a client that may do all."""
    folder = tmp_path_factory.mktemp("described")
    contract = load_contract("standard")
    scopes = {name: name for name in contract.cast.server.scopes}
    configuration = configure(folder, *map(mount_of, DIALECTS), scopes=scopes)
    provision(configuration, "standard", contract.cast)
    file = folder / "described.json"
    file.write_text(json.dumps(describe(build_mounts(configuration, load_dialects(configuration)))))
    client = next(one for one in contract.cast.clients.values() if one.secret is not None)
    with serving(configuration) as address:
        yield address, file, f"{client.id}:{client.secret}"


@pytest.mark.parametrize("known", [False, True], ids=["anybody", "a client"])
def test_what_is_answered_is_what_the_description_says(described: tuple[str, Path, str], *, known: bool):
    address, file, credentials = described
    examples = max(5, settings().max_examples // 20)
    ran = subprocess.run(
        [
            SCHEMATHESIS, "run", file, "--url", address, "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing",
            "--max-examples", str(examples), "--generation-deterministic", "--no-color",
            *(["--auth", credentials] if known else []),
        ],
        capture_output=True, text=True, check=False, cwd=file.parent,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    operations = [
        method for item in json.loads(file.read_text())["paths"].values() for method in item if method in METHODS
    ]
    assert f"Tested: {len(operations)}" in ran.stdout
