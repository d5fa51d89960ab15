"""Format files: what one may say, what is refused, and one of an operator's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dragoman.former_sessions.files import list_formats, load_format
from dragoman.former_sessions.format import FormerFault, FormerKey
from tests.attacks.harness import configuration_of, running
from tests.former_sessions import makers
from tests.former_sessions.test_adoption import END, former, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attacks.harness import Server

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "sessions"
SIGNED = """
carrier = "signed"
listed = false
[claims]
identifier = "i"
client = "c"
subject = "s"
scope = "p"
scope_type = "list"
expires = "e"
required = ["r"]
"""
SAID: dict[str, Any] = {"i": "1", "c": "app", "s": "ann", "p": ["read"], "e": END, "r": "x"}


def written(folder: Path, text: str) -> Any:
    (folder / "own.toml").write_text(text, encoding="utf-8")
    return load_format("own", list_formats([folder]))


def read(folder: Path, text: str, claims: dict[str, Any]) -> Any:
    return written(folder, text).open_format(FormerKey(content=makers.SECRET.encode())).read(makers.jwt(claims))


# words


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"signed"', '"printed"', "printed"),
        ('carrier = "signed"', "", "carrier"),
        ("listed = false", "", "listed"),
        ("listed = false", 'listed = "no"', "listed"),
        ("listed = false", 'listed = false\nidentified_by = "md5"', "identified_by"),
        ("[claims]", "[claim]", "claim"),
        ('identifier = "i"\n', "", "identifier"),
        ('client = "c"', 'client = ""', "client"),
        ('"list"', '"array"', "array"),
        ('expires = "e"', 'expires = "e"\nexpiry = "e"', "expiry"),
        ('expires = "e"', 'expires = "e"\nnumbers = ["identifier"]', "numbers"),
        ('expires = "e"', 'expires = "e"\noptional = ["client"]', "optional"),
        ('required = ["r"]', "fixed = { r = 1 }", "fixed"),
        ('required = ["r"]', "", "`required` or `fixed`"),
        ('required = ["r"]', "required = [", "cannot be read as TOML"),
        ('required = ["r"]', f"required = {'[' * 5000}", "too deep"),
    ],
)
def test_a_word_that_does_not_exist_or_is_written_wrongly_stops_the_start(
    tmp_path: Path, old: str, new: str, told: str
):
    assert old in SIGNED
    with pytest.raises(FormerFault) as fault:
        written(tmp_path, SIGNED.replace(old, new))
    assert str(fault.value).startswith(f"{tmp_path}/own.toml: ")
    assert told in str(fault.value)


@pytest.mark.parametrize("word", ["version", "key_version"])
@pytest.mark.parametrize("wrong", ["def502", "DEF50200", "def50200def5", "(def502)"])
def test_a_version_is_four_bytes_in_hex(tmp_path: Path, word: str, wrong: str):
    lines = list_formats()["passport"].read_text(encoding="utf-8").splitlines()
    changed = [f'{word} = "{wrong}"' if line.startswith(f"{word} = ") else line for line in lines]
    assert changed != lines
    with pytest.raises(FormerFault, match=word):
        written(tmp_path, "\n".join(changed))


def test_a_file_that_cannot_be_read_or_has_a_name_of_ours_is_told(tmp_path: Path):
    (tmp_path / "own.toml").mkdir()
    with pytest.raises(FormerFault, match=r"own\.toml: cannot be read"):
        load_format("own", list_formats([tmp_path]))
    (tmp_path / "django.toml").write_text(SIGNED, encoding="utf-8")
    with pytest.raises(FormerFault, match="has this name already"):
        list_formats([tmp_path])
    with pytest.raises(FormerFault, match="there is no such folder"):
        list_formats([tmp_path / "nowhere"])


# what the words mean


@pytest.mark.parametrize("name", SAID)
def test_a_claim_that_is_missing_makes_it_no_refresh_token(tmp_path: Path, name: str):
    assert read(tmp_path, SIGNED, SAID) is not None
    assert read(tmp_path, SIGNED, {one: said for one, said in SAID.items() if one != name}) is None


@pytest.mark.parametrize(("word", "name"), [("client", "c"), ("subject", "s")])
def test_an_id_is_a_number_only_where_the_file_says_so(tmp_path: Path, word: str, name: str):
    numbered = SIGNED + f'numbers = ["{word}"]'
    for found in (7, 0, 2**63 - 1):
        assert read(tmp_path, SIGNED, {**SAID, name: found}) is None
        assert read(tmp_path, numbered, {**SAID, name: found}) is not None
    for found in (True, -1, 1.5, 2**63, "", "x" * 513, ["7"]):
        assert read(tmp_path, numbered, {**SAID, name: found}) is None


def test_scope_and_end_may_be_missing_only_where_the_file_says_so_and_are_never_null(tmp_path: Path):
    loose = SIGNED + 'optional = ["scope", "expires"]'
    found = read(tmp_path, loose, {name: SAID[name] for name in SAID if name not in {"p", "e"}})
    assert (found.says.scope.names, found.says.expires_at) == ((), None)
    assert read(tmp_path, loose, {**SAID, "p": None}) is None
    assert read(tmp_path, loose, {**SAID, "e": None}) is None


def test_the_moment_of_its_making_may_be_missing_but_is_never_anything_else(tmp_path: Path):
    timed = SIGNED + 'issued = "t"'
    assert read(tmp_path, timed, SAID).issued_at is None
    assert read(tmp_path, timed, {**SAID, "t": 1700000000}).issued_at == 1700000000
    for found in (None, "1700000000", -1, True, 2**60):
        assert read(tmp_path, timed, {**SAID, "t": found}) is None


@pytest.mark.parametrize("found", [None, "", "access", "Renewal", True, ["renewal"]])
def test_a_fixed_claim_says_just_that(tmp_path: Path, found: Any):
    fixed = SIGNED.replace('required = ["r"]', 'fixed = { k = "renewal" }')
    assert read(tmp_path, fixed, {**SAID, "k": "renewal"}) is not None
    assert read(tmp_path, fixed, SAID) is None
    assert read(tmp_path, fixed, {**SAID, "k": found}) is None


# one of an operator's own, as docs/sessions.md has it


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    tables = (former(folder, "acme", makers.SECRET, unlisted=True), former(folder, "passport", makers.APP_KEY_LINE))
    with running(configuration_of(folder, former=tables, session_format_folders=(str(EXAMPLES),))) as server:
        yield server


def acme_token(server: Server, client: str, person: str, **claims: Any) -> str:
    said = {"session": f"of {person}", "app": client, "uid": server.owner_id(person), "rights": "read write"}
    return makers.jwt({**said, "exp": END, "kind": "renewal", **claims})


def test_a_session_of_a_server_that_somebody_wrote_by_hand_goes_on(server: Server):
    client, person = server.add_client(), server.add_owner()
    answer = server.refresh(client, acme_token(server, client, person))
    assert answer.status == 200
    (grant,) = server.grants(client)
    assert (grant.subject, grant.expires_at, grant.facts) == (server.owner_id(person), END, {"adopted_from": "acme"})
    assert server.refresh(client, answer.document["refresh_token"]).status == 200


def test_an_access_token_of_that_server_is_no_refresh_token(server: Server):
    client, person = server.add_client(), server.add_owner()
    for kind in ("access", None):
        mark = server.mark()
        answer = server.refresh(client, acme_token(server, client, person, kind=kind))
        assert refused(server, answer, mark)
    assert server.grants(client) == ()


def test_sessions_of_ones_own_format_need_an_operator_who_knows_that_nobody_lists_them(tmp_path: Path):
    table = former(tmp_path, "acme", makers.SECRET)
    configuration = configuration_of(tmp_path, former=(table,), session_format_folders=(str(EXAMPLES),))
    with pytest.raises(FormerFault, match="unlisted = true"), running(configuration):
        pass
