"""The page of attacks: no row without a test or a reason, no test that is not there, no test that is not told."""

import re
from pathlib import Path

from making.attacks import files_of_tests, find_tests, ids_of, read_attacks, shown_by

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
ATTACKS = read_attacks()
DEFINED = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
ROWS = {name: row for group in ATTACKS.group for name, row in group.rows.items()}
TESTS = find_tests(ROOT)


def test_every_row_has_tests_named_for_it_or_a_reason():
    for name, row in ROWS.items():
        shown = shown_by(name, TESTS)
        assert shown or row.why_not in ATTACKS.why_not, f"{name} has neither a test nor a reason"
        assert not (shown and row.why_not), f"{name} has a test by now: take `why_not` out of attacks.toml"


def test_every_reason_is_somebodys():
    assert {row.why_not for row in ROWS.values()} - {None} == set(ATTACKS.why_not)


def test_every_test_of_an_attack_is_on_the_page_and_every_test_on_the_page_is_there():
    told = set(re.findall(r"`(test_\w+)`", PAGE))
    assert {test for test, path in TESTS.items() if path.parent.name == "attacks"} <= told
    assert told <= set(TESTS)


def test_every_row_is_on_the_page_once_and_in_its_own_group():
    assert re.findall(r"^\| ([A-Z]\d\d) \|", PAGE, re.MULTILINE) == list(ROWS)
    for group in ATTACKS.group:
        assert {name[0] for name in group.rows} == {group.title[0]}


def test_the_ids_in_the_names_of_shown_by_attacks_are_rows_or_faults():
    faults = set(re.findall(r"^\| (F\d\d) \|", (ROOT / "docs" / "faults.md").read_text(encoding="utf-8"), re.MULTILINE))
    for test, path in TESTS.items():
        if path.parent.name == "attacks":
            assert set(ids_of(test)) <= {*ROWS, *faults}, f"{path}: {test}"


def test_no_two_tests_of_attacks_have_one_name():
    """Only one of them would be on the page."""
    defined = [name for path in files_of_tests(ROOT) for name in DEFINED.findall(path.read_text("utf-8"))]
    attacks = [name for name in defined if set(ids_of(name)) & set(ROWS)]
    assert len(attacks) == len(set(attacks))
