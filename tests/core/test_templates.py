"""Prompts with variables, and the small tables that fill them."""

from __future__ import annotations

import pytest

from steelyard.core.base.errors import UsageError
from steelyard.core.base.tables import parse_table
from steelyard.core.base.templates import fill, find_variables


def test_variables_are_found_once_and_in_order() -> None:
    assert find_variables("{b} and {a}, {b} again, {größe} {first name}") == ["b", "a", "größe", "first name"]


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "{}", "{ a }", "{1}", "{a,b}", "f(x) {return x;}", "{{name}}", "{a"]
)
def test_json_code_and_doubled_braces_are_no_variables(text: str) -> None:
    assert find_variables(text) == []


def test_values_are_put_in_as_they_are() -> None:
    values = {"a": "{b} \\1 {{c}}", "b": "B"}
    assert fill("{a}|{b}|{{b}}|{}", values) == "{b} \\1 {{c}}|B|{b}|{}"


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(UsageError, match="no value") as caught:
        fill("{a} {b}", {"a": ""})
    assert caught.value.detail == "{b}"


def test_a_filled_prompt_has_an_end() -> None:
    with pytest.raises(UsageError, match="too long"):
        fill("{a}" * 100, {"a": "x" * 400_000})


ROWS = [{"name": "Anna", "city": "Bern, CH"}, {"name": "Zoë", "city": 'The "Hague"\nNL'}]


@pytest.mark.parametrize(
    "text",
    [
        'name,city\nAnna,"Bern, CH"\nZoë,"The ""Hague""\nNL"\n',
        '\ufeffname;city\r\nAnna;Bern, CH\r\nZoë;"The ""Hague""\r\nNL"\r\n\r\n',
        'name\tcity\nAnna\tBern, CH\nZoë\t"The ""Hague""\nNL"',
        '\n name , city ,\nAnna,"Bern, CH",\n,,\nZoë,"The ""Hague""\nNL",',
    ],
)
def test_tables_of_all_kinds_give_the_same_rows(text: str) -> None:
    assert parse_table(text) == ROWS


def test_a_column_alone_is_a_table() -> None:
    assert parse_table("word\none\ntwo") == [{"word": "one"}, {"word": "two"}]


def test_a_pasted_cell_may_begin_with_a_quote() -> None:
    assert parse_table('a\tb\n"so" she said\t5" disk') == [{"a": '"so" she said', "b": '5" disk'}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("a,b\n", "header line only"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, the header has 2"),
        ("a,b\n1,2,3", "line 2 has 3 cells"),
        ('a,b\n1,"2', "quote is not closed"),
        ("a,a\n1,2", "two columns are called 'a'"),
        ("a,,c\n1,2,3", "column 2 has no name"),
        ("a\x07,b\n1,2", "no usable name"),
        ("a\n\0", "NUL"),
        (",".join(f"c{n}" for n in range(65)) + "\n1", "65 columns"),
        ("a\n" + "x\n" * 1001, "1,001 rows"),
        ("a\n" + "x" * 200_000, "a cell has more than"),
        ("a\n" + "x" * (5 << 20), "characters"),
    ],
)
def test_unusable_tables_say_why(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match="table cannot be used") as caught:
        parse_table(text)
    assert reason in caught.value.detail
