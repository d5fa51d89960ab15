from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from joserfc.jwk import import_key

from tests.cli.commanding import Folder, make_folder


@pytest.fixture
def keys(folder: Folder) -> dict[str, str]:
    return {one["purpose"]: one["kid"] for one in folder.done("key", "list", "--json").json}


def states(folder: Folder) -> dict[str, str]:
    return {one["kid"]: one["state"] for one in folder.done("key", "list", "--json").json}


def test_keys_are_listed_without_a_byte_of_them(folder: Folder, keys: dict[str, str]):
    assert keys.keys() == {"access", "refresh", "seal", "digest", "identifier"}
    told = folder.done("key", "list", "--json").out + folder.done("key", "list").out
    for file in (folder.path / "keys").glob("*.json"):
        jwk = json.loads(file.read_text())["jwk"]
        assert not any(value in told for name, value in jwk.items() if name in ("d", "k"))


def test_a_new_key_waits_and_the_old_one_stays_good(folder: Folder, keys: dict[str, str]):
    rotated = folder.done("key", "rotate", "--json").json
    assert states(folder)[rotated["kid"]] == "waiting"
    assert states(folder)[keys["access"]] == "in use"
    public = folder.done("key", "show-public").json["keys"]
    assert {jwk["kid"] for jwk in public} == {rotated["kid"], keys["access"]}
    assert all("d" not in jwk for jwk in public)


def test_a_key_takes_over_at_once_where_it_is_said_or_nothing_is_in_force(folder: Folder, keys: dict[str, str]):
    before = next(one for one in folder.done("key", "list", "--json").json if one["kid"] == keys["access"])
    first = folder.done("key", "rotate", "access", "--active-in", 0, "--json").json
    assert before["active_from"] < first["active_from"] <= time.time() + 60
    other = folder.done("key", "rotate", "access", "--algorithm", "EdDSA", "--json")
    assert states(folder)[other.json["kid"]] == "in use"
    assert "nothing that is mounted signs with EdDSA" in other.err


@pytest.mark.parametrize("purpose", ["refresh", "seal"])
def test_other_purposes_rotate_too(folder: Folder, keys: dict[str, str], purpose: str):
    told = folder.done("key", "rotate", purpose).out
    assert "takes over at" in told
    assert f"dragoman key retire {keys[purpose]} --in 0" in told
    outcome = folder.run("key", "rotate", purpose, "--algorithm", "ES256")
    assert (outcome.status, outcome.out) == (2, "")


def test_what_is_never_rotated_is_not(folder: Folder, keys: dict[str, str]):
    assert folder.run("key", "rotate", "digest").status == 2
    assert "never retires" in folder.run("key", "retire", keys["digest"], "--in", 0).fault


def test_the_last_key_of_what_is_needed_does_not_retire(tmp_path: Path):
    folder = make_folder(tmp_path / "server", "--dialect", "standard", "--dialect", "jobspace")
    rsa = next(one["kid"] for one in folder.done("key", "list", "--json").json if one["algorithm"] == "RS256")
    fault = folder.run("key", "retire", rsa, "--in", 0).fault
    assert "the dialect jobspace needs" in fault
    assert "dragoman key rotate access --algorithm RS256" in fault
    folder.done("key", "rotate", "access", "--algorithm", "RS256", "--active-in", 60)
    assert "needs" in folder.run("key", "retire", rsa, "--in", 0).fault
    folder.done("key", "retire", rsa, "--in", 61)
    assert states(folder)[rsa] == "in use"


def test_a_key_nobody_knows_is_told(folder: Folder):
    assert "there is no key of this id" in folder.run("key", "retire", "nope", "--in", 0).fault
    assert "there is no public key nope" in folder.run("key", "show-public", "nope").fault


def test_public_keys_come_as_pem_and_shared_ones_never(tmp_path: Path):
    folder = make_folder(tmp_path / "server", "--dialect", "jmondi")
    folder.done("key", "rotate", "access", "--algorithm", "ES256", "--active-in", 0)
    listed = {one["kid"]: one["algorithm"] for one in folder.done("key", "list", "--json").json}
    shared = next(kid for kid, algorithm in listed.items() if algorithm == "HS256")
    public = [jwk["kid"] for jwk in folder.done("key", "show-public").json["keys"]]
    assert shared not in public
    assert "there is no public key" in folder.run("key", "show-public", shared, "--pem").fault
    pem = folder.done("key", "show-public", public[0], "--pem").out
    assert import_key(pem, "EC").thumbprint() == public[0]


def test_keys_open_to_others_are_a_fault_with_its_remedy(folder: Folder):
    (folder.path / "keys").chmod(0o755)
    for command in (("key", "list"), ("key", "rotate"), ("client", "create", "x"), ("serve",)):
        fault = folder.run(*command)
        assert fault.status == 2
        assert "chmod 700" in fault.err
        assert "Traceback" not in fault.err
