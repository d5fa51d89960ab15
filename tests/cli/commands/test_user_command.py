from __future__ import annotations

import hashlib
import os
import pty
import subprocess

import bcrypt
import pytest

from dragoman.cli.operation.opening import in_store
from dragoman.config.reading import read_configuration
from tests.cli.commanding import PROGRAM, Folder, post
from tests.serving import serving

BCRYPT = "$2y$10$GhnNl0ei7bjY1L1r.UnYNOs4XBrLU6nuKnVTXdcnmVmwhVKLtxGpa"


def test_a_new_account_has_what_is_said_and_shows_no_password(folder: Folder):
    folder.client("shop")
    made = folder.user(
        "ann", "--id", "7", "--email", "Ann@Example.com", "--first-name", "Ann", "--last-name", "Lee",
        "--authority", "ROLE_A", "--authority", "Account Admin", "--belongs-to", "shop",
    )  # fmt: skip
    assert made.pop("created_at") > 0
    assert made == {
        "id": "7", "username": "ann", "email": "Ann@Example.com", "first_name": "Ann", "last_name": "Lee",
        "authorities": ["ROLE_A", "Account Admin"], "belongs_to": "shop", "enabled": True, "locked": False,
        "expired": False, "password_expired": False, "has_password": True, "known_places": 0,
        "directory": None, "confirmed_at": None,
    }  # fmt: skip
    for who in ("ann", "ANN@example.COM", "7"):
        shown = folder.done("user", "show", who, "--json")
        assert shown.json["id"] == "7"
        assert "argon2" not in shown.out


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short", "the password is shorter than 8 bytes"),
        ("x" * 1025, "longer than 1024 bytes"),
        ("", "there is no password on standard input"),
        ("two\nlines of it", "more than one line"),
        ("\udcff" * 9, "is not UTF-8"),
    ],
)
def test_a_password_that_may_not_be_set_is_one_sentence(folder: Folder, password: str, told: str):
    fault = folder.run("user", "create", "ann", "--password-stdin", stdin=password).fault
    assert told in fault
    assert len(fault) < 150
    assert folder.done("user", "list", "--json").json == []


def test_k05_an_existing_hash_is_taken_over_if_it_can_ever_match(folder: Folder):
    assert folder.done("user", "create", "ann", "--password-hash", BCRYPT, "--json").json["has_password"] is True
    folder.done("user", "create", "bob", "--password-hash", "-", stdin=BCRYPT + "\n")
    for bad in ("plain", "$2y$10$tooshort", "{MD5}5f4dcc3b5aa765d61d8327deb882cf99"):
        fault = folder.run("user", "create", "eve", "--password-hash", bad).fault
        assert "no password can ever match this hash" in fault
        assert bad not in fault


@pytest.mark.parametrize("name", [" ann", "", "ann\u200b", "x" * 321])
def test_a_name_nobody_could_log_in_with_is_refused(folder: Folder, name: str):
    assert "a login name" in folder.run("user", "create", name, "--password-stdin", stdin="correct horse").fault
    folder.user("bob")
    assert "a login name" in folder.run("user", "update", "bob", "--username", name).fault


def test_login_names_are_taken_once_in_any_spelling(folder: Folder):
    folder.user("ann", "--email", "a@example.com")
    again = folder.run("user", "create", "A@EXAMPLE.COM", "--password-stdin", stdin="correct horse")
    assert "'a@example.com' is taken" in again.fault
    assert "no client 'nowhere'" in folder.run("user", "update", "ann", "--belongs-to", "nowhere").fault


def test_an_update_changes_what_is_said_and_nothing_else(folder: Folder):
    folder.client("shop")
    before = folder.user("ann", "--email", "a@example.com", "--authority", "A", "--belongs-to", "shop")
    changed = folder.done("user", "update", "ann", "--email", "", "--authority", "", "--belongs-to", "", "--json").json
    assert changed == {**before, "email": None, "authorities": [], "belongs_to": None}
    later = folder.done("user", "update", "ann", "--expired", "--password-expired", "--first-name", "A", "--json").json
    assert later == {**changed, "expired": True, "password_expired": True, "first_name": "A"}
    assert "expired, password expired" in folder.done("user", "list").out
    assert folder.run("user", "update", "ann").status == 2


def test_states_are_switched_on_and_off(folder: Folder):
    folder.user("ann")
    changes = {
        "disable": ("enabled", False),
        "enable": ("enabled", True),
        "lock": ("locked", True),
        "unlock": ("locked", False),
    }
    for verb, (member, value) in changes.items():
        folder.done("user", verb, "ann")
        assert folder.done("user", "show", "ann", "--json").json[member] is value
    assert "sessions that ended: 0" in folder.done("user", "sign-out", "ann").out


def test_a_new_password_counts_even_if_the_old_one_had_expired(folder: Folder):
    folder.user("ann")
    folder.done("user", "update", "ann", "--password-expired")
    assert "shorter than 8" in folder.run("user", "set-password", "ann", "--password-stdin", stdin="short").fault
    folder.done("user", "set-password", "ann", "--password-stdin", stdin="battery staple\n")
    assert folder.done("user", "show", "ann", "--json").json["password_expired"] is False


def test_a_name_that_means_two_people_is_refused(folder: Folder):
    folder.user("ann", "--id", "7")
    folder.user("7", "--id", "8")
    fault = folder.run("user", "disable", "7").fault
    assert "id 8" in fault
    assert "'ann'" in fault
    assert folder.done("user", "show", "8", "--json").json["username"] == "7"


def test_somebody_unknown_is_told_so_by_every_command(folder: Folder):
    for verb in ("show", "disable", "enable", "lock", "unlock", "sign-out", "set-password"):
        assert "there is no user 'nobody'" in folder.run("user", verb, "nobody").fault
    assert "there is no user 'nobody'" in folder.run("user", "delete", "nobody", "--yes").fault


def test_an_account_is_deleted_only_on_purpose(folder: Folder):
    folder.user("ann")
    assert "add --yes" in folder.run("user", "delete", "ann").fault
    folder.done("user", "delete", "ann", "--yes")
    assert folder.done("user", "list", "--json").json == []


def test_without_a_terminal_nobody_is_asked(folder: Folder):
    assert "--password-stdin" in folder.run("user", "create", "ann", stdin="correct horse").fault
    both = folder.run("user", "create", "ann", "--password-stdin", "--password-hash", BCRYPT)
    assert (both.status, both.out) == (2, "")


@pytest.mark.parametrize(("again", "status"), [("correct horse", 0), ("other horse", 130)])
def test_at_a_terminal_the_password_is_asked_for_twice_and_never_shown(folder: Folder, again: str, status: int):
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "user", "create", "ann", "--config", str(folder.file)]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True
    ) as asking:  # fmt: skip
        os.close(theirs)
        shown = answer(ours, b"Password: ", "correct horse") + answer(ours, b"again: ", again)
        if status:
            shown += answer(ours, b"Password: ", "\x04")
        out, _ = asking.communicate(timeout=20)
        assert asking.returncode == status
    os.close(ours)
    assert "horse" not in shown + out.decode()


def answer(terminal: int, question: bytes, text: str) -> str:
    """Type it once the question is there."""
    shown = b""
    while not shown.endswith(question):
        shown += os.read(terminal, 1)
    os.write(terminal, text.encode() + (b"" if text == "\x04" else b"\n"))
    return shown.decode()


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("Password1!", "one that many people use"),
        ("P@ssw0rd2026", "one that many people use"),
        ("xyxyxyxyxy", "the same few characters again and again"),
        ("Ann.Oakley-1", "little more than names of the account or of this server"),
        ("oakley@corp.example", "little more than names"),
        ("acme-login1", "little more than names"),
        ("Blue-Kettle-7", "in the list ours.txt"),
        ("a leaked password", "one that has leaked"),
    ],
)
def test_u25_a_weak_password_is_never_set(folder: Folder, password: str, told: str):
    (folder.path / "ours.txt").write_text("blue-kettle\n")
    (folder.path / "leaked.txt").write_text(hashlib.sha1(b"a leaked password").hexdigest() + ":4\n")
    folder.change(refused='refused = ["ours.txt", "leaked.txt"]', issuer='issuer = "https://login.acme.example"')
    person = ("--email", "oakley@corp.example", "--first-name", "Ann")
    fault = folder.run("user", "create", "ann.oakley", *person, "--password-stdin", stdin=password).fault
    assert told in fault
    assert password not in fault
    assert folder.done("user", "list", "--json").json == []
    folder.user("ann.oakley", *person)
    assert told in folder.run("user", "set-password", "ann.oakley", "--password-stdin", stdin=password).fault


def test_a_password_of_other_rules_still_logs_its_owner_in(folder: Folder):
    """What an earlier list let pass is not asked about again, and a list that is broken keeps nobody out."""
    secret = folder.client("shop", "--grant-type", "password")
    folder.user("ann", password="blue kettle seven")
    weak = bcrypt.hashpw(b"password", bcrypt.gensalt(4)).decode()
    folder.done("user", "create", "bob", "--password-hash", weak)
    (folder.path / "ours.txt").write_text("blue kettle seven\n")
    folder.change(refused='refused = ["ours.txt", "not-there.txt"]')
    assert (
        "not-there.txt cannot be read"
        in folder.run("user", "set-password", "ann", "--password-stdin", stdin="some other words").fault
    )
    with serving(read_configuration(folder.file)) as base_url:
        for username, password in (("ann", "blue kettle seven"), ("bob", "password")):
            status, _ = post(
                f"{base_url}/oauth2/token", ("shop", secret), grant_type="password", username=username,
                password=password,
            )  # fmt: skip
            assert status == 200


def test_unlocking_has_wrong_passwords_forgotten_and_a_new_password_known_places_too(folder: Folder):
    folder.user("ann")

    async def find(store):
        return await store.find_resource_owner_by_login("ann")

    async def remember(store):
        owner = await find(store)
        await store.remember_places(owner.id, owner.password_hash, ("somewhere",))

    configuration = read_configuration(folder.file)
    in_store(configuration, remember)
    folder.done("user", "unlock", "ann")
    assert (in_store(configuration, find).throttle_resets, in_store(configuration, find).known_places) == (
        1,
        ("somewhere",),
    )
    folder.done("user", "update", "ann", "--first-name", "Ann")
    assert folder.done("user", "show", "ann", "--json").json["known_places"] == 1
    folder.done("user", "set-password", "ann", "--password-stdin", stdin="battery staple\n")
    assert (in_store(configuration, find).throttle_resets, in_store(configuration, find).known_places) == (2, ())
