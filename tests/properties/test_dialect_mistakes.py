"""A mistake in an operator's dialect or its mount is told with its place, and nothing starts."""

from pathlib import Path

import pytest

from dragoman.config.settings import MountTable
from dragoman.core.errors import Fault
from tests.properties.topaz import TOPAZ, serve, write_dialect

MISTAKES = {
    "an unknown word": ('[token]\npath = ["/x"]', "path"),
    "an unknown table": ("[tokens]\nx = 1", "tokens"),
    "a value that does not exist": ('[response.body]\ntoken = "{acess_token}"', "acess_token"),
    "braces that do not match": ('[response.body]\ntoken = "{access_token"', "braces"),
    "a choice that does not exist": ('[request]\nduplicates = "some"', "some"),
    "a status out of range": ("[errors.code.invalid_client]\nstatus = 99", "status"),
    "an order that cannot be": ('[order]\ndefault = ["grant", "client", "scope", "grant_type"]', "order"),
    "an order with a hole": ('[order]\ndefault = ["client", "grant"]', "order"),
    "a path that is none": ('[token]\npaths = ["token"]', "paths"),
    "no TOML": ("[token", "TOML"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_and_place_and_nothing_starts(tmp_path: Path, mistake: str):
    text, named = MISTAKES[mistake]
    write_dialect(tmp_path, f'name = "topaz"\ntitle = "x"\nextends = "standard"\n{text}\n')
    with pytest.raises(Fault) as told, serve(tmp_path, MountTable(dialect="topaz")):
        pass
    assert str(tmp_path / "dialects" / "topaz.toml") in str(told.value)
    assert named in str(told.value)


REMEDIES = {
    "the file is called otherwise": ('name = "topas"\ntitle = "x"', "must be 'topaz'"),
    "it extends a stranger": ('name = "topaz"\ntitle = "x"\nextends = "tanzanite"', "is not among"),
    "it extends itself": ('name = "topaz"\ntitle = "x"\nextends = "topaz"', "which extends it in turn"),
}


@pytest.mark.parametrize("mistake", REMEDIES)
def test_a_name_that_does_not_fit_is_told_with_the_remedy(tmp_path: Path, mistake: str):
    text, remedy = REMEDIES[mistake]
    write_dialect(tmp_path, text)
    with pytest.raises(Fault, match=remedy) as told, serve(tmp_path, MountTable(dialect="topaz")):
        pass
    assert "topaz.toml" in str(told.value)


def test_a_name_that_is_taken_is_refused_with_both_files_named(tmp_path: Path):
    write_dialect(tmp_path, TOPAZ.replace('"topaz"', '"kabbage"'), name="kabbage")
    with pytest.raises(Fault, match="rename the file") as told, serve(tmp_path, MountTable(dialect="standard")):
        pass
    assert str(tmp_path / "dialects" / "kabbage.toml") in str(told.value)
    assert str(told.value).count("kabbage.toml") == 2


def test_a_dialect_that_nobody_wrote_is_told_with_those_that_exist(tmp_path: Path):
    write_dialect(tmp_path)
    with (
        pytest.raises(Fault, match=r"there is no dialect 'tanzanite'.*standard.*topaz"),
        serve(tmp_path, MountTable(dialect="tanzanite")),
    ):
        pass


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(Fault, match="no such folder"), serve(tmp_path, MountTable(dialect="standard")):
        pass


def test_a_token_that_could_not_be_read_again_stops_the_start(tmp_path: Path):
    write_dialect(tmp_path, TOPAZ + "\n[metadata.x]\n")
    with pytest.raises(Fault), serve(tmp_path, MountTable(dialect="topaz")):
        pass
    without_identifier = TOPAZ.replace(
        'format = "reference"\nprefix = "tpz_"\nencoding = "hex"', 'claims = { sub = "{subject}" }'
    )
    write_dialect(tmp_path, without_identifier)
    with pytest.raises(Fault, match="identifier"), serve(tmp_path, MountTable(dialect="topaz")):
        pass


def test_two_mounts_that_answer_at_one_path_are_refused(tmp_path: Path):
    """Which dialect a path speaks decides what a client may do; it must not hang on the order of a file."""
    write_dialect(tmp_path)
    mounts = (MountTable(dialect="topaz"), MountTable(dialect="standard", paths={"token": ("/topaz/session",)}))
    with pytest.raises(Fault, match="/topaz/session"), serve(tmp_path, *mounts):
        pass


def test_a_path_override_for_an_endpoint_that_does_not_exist_is_refused(tmp_path: Path):
    write_dialect(tmp_path)
    with (
        pytest.raises(Fault, match="tokens"),
        serve(tmp_path, MountTable(dialect="topaz", paths={"tokens": ("/sign-in",)})),
    ):
        pass


def test_a_path_override_that_is_no_path_is_refused(tmp_path: Path):
    write_dialect(tmp_path)
    with (
        pytest.raises(Fault, match="sign-in"),
        serve(tmp_path, MountTable(dialect="topaz", paths={"token": ("sign-in",)})),
    ):
        pass
