"""Which origins a mount may register: those that browsers send, and that are somebody's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.attacks.harness import configuration_of, running

from dragoman.config.settings import MountTable
from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from pathlib import Path

SHELL = "capacitor://localhost"

NO_ORIGINS = {
    "*": "anyone's page",
    "null": "sandboxed",
    "": "as browsers send it",
    "https://app.example.com/": "no slash at the end",
    "https://app.example.com/app": "no path",
    "https://app.example.com:443": "scheme's own",
    "https://app.example.com:0": "as browsers send it",
    "https://app.example.com:65536": "as browsers send it",
    "https://*.example.com": "as browsers send it",
    "https://App.example.com": "lower case",
    "https://user@app.example.com": "as browsers send it",
    "https://bücher.example": "as browsers send it",
    "app.example.com": "as browsers send it",
    "http://app.example.com": "only https",
    "http://127.example.com": "only https",
    "file://": "every file: page",
    "data:": "every data: page",
    "https://a.example\n": "as browsers send it",
}


@pytest.mark.parametrize("origin", NO_ORIGINS)
def test_what_is_no_origin_of_ones_own_stops_the_start(tmp_path: Path, origin: str):
    whole = configuration_of(tmp_path)
    mounts = (MountTable(dialect="standard", origins=(origin,)),)
    with (
        pytest.raises(Fault, match="mounts, standard, origins: ") as told,
        running(msgspec.structs.replace(whole, mounts=mounts)),
    ):
        pass
    assert NO_ORIGINS[origin] in str(told.value)


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:8080", "http://app.localhost", SHELL]
)
def test_pages_on_loopback_and_shells_of_apps_can_be_registered(tmp_path: Path, origin: str):
    whole = configuration_of(tmp_path)
    mounts = (MountTable(dialect="standard", origins=(origin,)),)
    with running(msgspec.structs.replace(whole, mounts=mounts)) as server:
        answer = server.ask("POST", "/oauth2/token", headers=[("Origin", origin)])
    assert answer.header("Access-Control-Allow-Origin") == origin
