"""One account, one login name."""

import pytest

from dragoman.core.login_name import canonical, fault_of, skeleton


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("ADMIN", "admin"),
        ("\uff21dmin", "admin"),
        ("admin\u200b", "admin"),
        ("ad\ufe0fmin\u034f", "admin"),
        ("ad\u3164\uffa0min\U000e0101", "admin"),
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
    "name",
    [
        "",
        " ",
        " admin",
        "admin ",
        "ad\u0000min",
        "admin\u200b",
        "admin\ufe0f",
        "ad\u3164min",
        "a\nb",
        "a\u2028b",
        "x" * 321,
        "\ud800",
    ],
)
def test_a_name_nobody_could_see_or_type_is_refused_with_a_sentence(name):
    assert "a login name" in fault_of(name)


@pytest.mark.parametrize("name", ["admin", "O'Reilly", "jo@example.org", "日本", "José"])
def test_ordinary_names_are_accepted(name):
    assert fault_of(name) is None


@pytest.mark.parametrize(
    "variant",
    [
        "dr\u00e4gon7",  # a letter with an accent
        "\u0111ragon7",  # with a stroke
        "drag\u00f8n7",
        "dragon\u0667",  # another script's digit
        "dragon\u2786",  # one in a circle
        "dr\u0363gon7",  # a letter above a letter
        "dr\U0001f170gon7",  # a letter in a square
        "dragon7\ufe0f\ufe0f",  # variation selectors
        "dra\u06degon7",  # a sign without weight
        "dragon7\u0345",  # an iota under nothing
        "drago\u1cf2n7",
        "dragon7\ufe73",
        "dr\u0640agon7",
        "d ragon7",
    ],
)
def test_names_that_a_database_may_take_for_one_have_one_skeleton(variant):
    """Each equals `dragon7` in at least one collation of MySQL or MariaDB."""
    assert skeleton(canonical(variant)) == skeleton("dragon7")


@pytest.mark.parametrize("name", ["dragon8", "dragoon7", "\u0430dmin", "\u65e5\u672c", "\u0e01\u0e32"])
def test_names_of_other_letters_have_other_skeletons(name):
    assert skeleton(canonical(name)) not in {skeleton("dragon7"), skeleton("admin"), ""}
