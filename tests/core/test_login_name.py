"""One account, one login name."""

import pytest

from dragoman.core.login_name import canonical, fault_of


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("ADMIN", "admin"),
        ("\uff21dmin", "admin"),
        ("admin\u200b", "admin"),
        ("re\u0301ne", "réne"),
        ("straße", "STRASSE"),
        ("Cathy.Oreilly@MyCompany.com", "cathy.oreilly@mycompany.com"),
    ],
)
def test_variants_of_one_name_have_one_canonical_form(written, same):
    assert canonical(written) == canonical(same)


def test_letters_of_another_script_are_another_name():
    assert canonical("\u0430dmin") != canonical("admin")


@pytest.mark.parametrize(
    "name", ["", " ", " admin", "admin ", "ad\u0000min", "admin\u200b", "a\nb", "x" * 321, "\ud800"]
)
def test_a_name_nobody_could_see_or_type_is_refused_with_a_sentence(name):
    assert "a login name" in fault_of(name)


@pytest.mark.parametrize("name", ["admin", "O'Reilly", "jo@example.org", "日本", "José"])
def test_ordinary_names_are_accepted(name):
    assert fault_of(name) is None
