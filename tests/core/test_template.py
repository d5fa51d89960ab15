"""The template language of dialect files."""

import pytest

from dragoman.core.template import TemplateError, compile_record, compile_template

VALUES = {
    "name": lambda source: source.get("name"),
    "other": lambda source: source.get("other"),
    "number": lambda _source: 7,
    "list": lambda _source: ["a"],
}


def render(text, **source):
    return compile_template(text, VALUES)(source)


def test_a_lone_placeholder_keeps_the_type_of_its_value():
    assert render("{number}") == 7
    assert render("{list}") == ["a"]


def test_text_around_a_placeholder_makes_text():
    assert render("no. {number}!") == "no. 7!"
    assert render("plain") == "plain"
    assert render("") == ""


def test_an_absent_value_takes_the_whole_text_with_it():
    assert render("hello {name}") is None
    assert render("hello {name}", name="you") == "hello you"


def test_a_question_mark_leaves_out_what_is_empty():
    assert render("{name?}", name="") is None
    assert render("{name?}", name="x") == "x"
    assert render("{name}", name="") == ""


def test_alternatives_are_taken_in_order_and_may_be_literal():
    assert render("{name|other}", other="b") == "b"
    assert render("{name|other}", name="a", other="b") == "a"
    assert render("{name|'none'}") == "none"
    assert render("{name|other}") is None


def test_the_items_of_a_list_are_templates_too():
    record = compile_record({"a": ["x", "{number}", "{name}", ["{number}"]]}, VALUES)
    assert record.render({}) == {"a": ["x", 7, [7]]}


def test_doubled_braces_are_braces():
    assert render('{{"a": {number}}}') == '{"a": 7}'


@pytest.mark.parametrize("text", ["{", "a}", "{name", "{{}", "{unknown}", "{name|nothing}"])
def test_a_template_that_cannot_be_meant_is_refused_with_a_reason(text):
    with pytest.raises(TemplateError, match=r"braces|there is no value"):
        compile_template(text, VALUES)


def test_a_record_keeps_its_order_its_constants_and_its_nested_tables():
    record = compile_record(
        {"z": "{number}", "a": True, "inner": {"x": "{name}", "y": "{number}"}, "gone": "{name}"}, VALUES
    )
    assert list(record.render({}).items()) == [("z", 7), ("a", True), ("inner", {"y": 7})]
    assert record
    assert not compile_record({}, VALUES)
