"""Queries of the configuration: one parameter, and no way for a value to become text."""

from __future__ import annotations

import pytest

from dragoman.elsewhere.faults import ElsewhereFault
from dragoman.elsewhere.statement import read_query


def test_every_place_of_the_parameter_is_found_and_nothing_else() -> None:
    text = """SELECT id::text, ':x' AS ":y", `:z` FROM t WHERE a = :login OR lower(b)=lower(:login)"""
    query = read_query("log_in", text, "login")
    assert query.spelled(lambda _parameter: "$1") == text.replace(":login", "$1")
    assert len(query.parts) == 3
    assert read_query("sample", "WITH x AS (SELECT 1) SELECT * FROM x", None).spelled(str) == (
        "WITH x AS (SELECT 1) SELECT * FROM x"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DELETE FROM users WHERE login = :login",
        "SELECT 1",
        "SELECT * FROM users WHERE login = ':login'",
        'SELECT * FROM users WHERE login = ":login"',
        "SELECT * FROM users WHERE login = `:login`",
        "SELECT * FROM users WHERE login LIKE '%:login%' OR login = :login",
        "SELECT * FROM users WHERE login = :login; DROP TABLE users",
        "SELECT * FROM users WHERE login = :login -- so it is",
        "SELECT * FROM users /* 'a */ WHERE login = :login",
        "SELECT * FROM users WHERE login = 'a\\' OR login = :login OR login = '",
        "SELECT * FROM users WHERE login = 'a OR login = :login",
        "SELECT * FROM users WHERE login = :name",
        "SELECT * FROM users WHERE login = :login AND a[1:b] = 1",
    ],
)
def test_a_query_in_which_a_value_could_be_read_as_text_is_refused(text: str) -> None:
    with pytest.raises(ElsewhereFault, match=r"directory\.sql\.log_in: "):
        read_query("directory.sql.log_in", text, "login")
