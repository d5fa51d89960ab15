"""A secret does not show itself."""

import pytest

from dragoman.core.secret import Secret


def test_s09_a_secret_is_in_no_representation_of_itself():
    secret = Secret("hunter2-hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]} { ({'a': secret})!s}"
    assert secret.reveal() == "hunter2-hunter2"


def test_secrets_compare_by_value_and_are_no_dictionary_keys():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    with pytest.raises(TypeError):
        hash(Secret("a"))


def test_an_empty_secret_is_false():
    assert not Secret("")
    assert Secret(" ")
