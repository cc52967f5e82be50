"""Grammars: what the engine's format means, what is refused, and that checking is bounded."""

from __future__ import annotations

import json
import random
import re

import pytest

from steelyard.core.runs.forms.gbnf import (
    GrammarError,
    UncheckableError,
    compile_grammar,
    left_recursive_rules,
)
from steelyard.core.runs.forms.gbnf_match import Followed, TooMuchWork, follow

STEPS = 5_000_000
JSON_GRAMMAR = r"""
# as the engine ships it
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws

object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws

array  ::=
  "[" ws (
            value
    ("," ws value)*
  )? "]" ws

string ::=
  "\"" (
    [^"\\\x7F\x00-\x1F] |
    "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
  )* "\"" ws

number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws

ws ::= | " " | "\n" [ \t]{0,20}
"""


def matches(grammar: str, text: str) -> bool:
    return follow(compile_grammar(grammar), text, STEPS).is_whole


@pytest.mark.parametrize(
    ("grammar", "yes", "no"),
    [
        ('root ::= "yes" | "no"', ["yes", "no"], ["", "maybe", "yesno", "yes ", "ye"]),
        ("root ::= [a-c]+ [^a-c\\n]?", ["a", "abcx", "b-"], ["", "d", "ad\n", "axx"]),
        ("root ::= [-a] []x]", [], ["-"]),
        ("root ::= [a-]", ["a", "-"], ["b"]),
        ('root ::= "\\x41\\u00e9\\U0001F600\\t\\"\\\\"', ['Aé😀\t"\\'], ["Aé"]),
        ('root ::= "a"{2}', ["aa"], ["a", "aaa"]),
        ('root ::= "ab"{2,}', ["abab", "ababab"], ["ab", "aba"]),
        ('root ::= ("a" | "b"){1,3} "c"{0}', ["a", "bab"], ["", "abab", "ac"]),
        ("root ::= .*", ["", "any\nthing 😀"], []),
        ('root ::= a # the end\n# nothing\n\na ::= ("x"\n | "y")', ["x", "y"], ["", "xy"]),
        ('root ::=\n  "a" |\n  "b"', ["a", "b"], ["ab"]),
        ('root ::= "(" root ")" | ""', ["", "(())"], ["(", "())"]),
        ('root ::= root "a" | "b"', ["b", "baa"], ["a", "ab"]),
        ('root ::= (""*)* x?\nx ::= y x | y\ny ::= "" | "a"', ["", "aaaa"], ["b"]),
        ('root ::= "a"\nroot ::= "b"', ["b"], ["a"]),
    ],
)
def test_grammars_mean_what_the_engine_means(grammar: str, yes: list[str], no: list[str]) -> None:
    if not yes:  # a bracket cannot stand first, unlike in regular expressions
        with pytest.raises(GrammarError):
            compile_grammar(grammar)
        return
    assert [text for text in yes if not matches(grammar, text)] == []
    assert [text for text in no if matches(grammar, text)] == []


def test_the_place_where_a_text_leaves_the_grammar_is_told() -> None:
    machine = compile_grammar(JSON_GRAMMAR)
    assert follow(machine, '{"a": [1, 2}', STEPS) == Followed(is_whole=False, at_char=11)
    assert follow(machine, '{"a": ', STEPS) == Followed(is_whole=False, at_char=6, is_short=True)


def test_real_json_follows_the_grammar_of_json() -> None:
    machine = compile_grammar(JSON_GRAMMAR)
    document = {"k": ["x" * 50, {"é": [1, -2.5, True, None, {}]}, []] * 20}
    assert follow(machine, json.dumps(document), STEPS).is_whole
    assert follow(machine, json.dumps(document)[:-1] + "x", STEPS).at_char == len(json.dumps(document)) - 1


@pytest.mark.parametrize(
    ("grammar", "reason"),
    [
        ("", "no rule root"),
        ('start ::= "a"', "no rule root"),
        ('root = "a"', "::="),
        ('root ::= "a', "not closed"),
        ("root ::= [a", "not closed"),
        ('root ::= ("a"', "expected )"),
        ('root ::= "a")', "unexpected ')'"),
        ("root ::= *", "nothing to repeat"),
        ("root ::= other", "line 1, column 10: there is no rule other"),
        ('root ::= "a"\n  | "b"', "line 2"),
        ('root ::= "\\q"', "unknown escape"),
        ('root ::= "\\u00g0"', "4 hexadecimal"),
        ('root ::= "a"{3,1}', "3 to 1"),
        ('root ::= "a"{99999999999}', "repetitions"),
        ('root ::= a_b\na ::= "x"', "unexpected '_'"),
        ("root ::= " + "(" * 5000, "too deep"),
    ],
)
def test_broken_grammars_are_refused_with_their_place(grammar: str, reason: str) -> None:
    with pytest.raises(GrammarError, match=re.escape(reason)) as caught:
        compile_grammar(grammar)
    assert str(caught.value).startswith("line ")


@pytest.mark.parametrize(
    "grammar",
    ["root ::= <[12]>", "root ::= !<[12]> .", "root ::= " + "(" * 3 + "[a]" + "{2000})" * 3, "root ::= "
     + "(" * 3 + '""' + "{2000})" * 3],
)  # fmt: skip
def test_grammars_that_only_the_engine_can_hold_are_told_apart(grammar: str) -> None:
    with pytest.raises(UncheckableError):
        compile_grammar(grammar)


@pytest.mark.parametrize(
    ("grammar", "text"),
    [
        ("root ::= ([a-z]* [a-z]*)* x?\nx ::= [!]", "a" * 20_000 + "!"),
        ('root ::= "a" root | ""', "a" * 20_000),
        ('root ::= root "a" | ""', "a" * 20_000),
        ('root ::= "(" root ")" | ""', "(" * 10_000 + ")" * 10_000),
        ('root ::= y\ny ::= x | x y\nx ::= ("ab" | "a")?', "aab" * 2_000),
    ],
)
def test_long_texts_cost_little_more_than_their_length(grammar: str, text: str) -> None:
    assert follow(compile_grammar(grammar), text, 40 * len(text)).is_whole


@pytest.mark.parametrize(
    ("grammar", "rules"),
    [
        (JSON_GRAMMAR, []),
        ('root ::= "a" root | ""', []),
        ('root ::= root "a" | "b"', ["root"]),
        ('root ::= x\nx ::= "b" | y "c"\ny ::= [0-9]? x', ["root", "x", "y"]),
        ('root ::= gap* root | "a"\ngap ::= " "?', ["root"]),
        ('root ::= "x" y\ny ::= y "a" | "b"', ["y"]),
    ],
)
def test_rules_that_begin_with_themselves_are_named(grammar: str, rules: list[str]) -> None:
    assert left_recursive_rules(compile_grammar(grammar)) == rules


def test_work_has_a_bound() -> None:
    machine = compile_grammar('root ::= x x x\nx ::= "a" x x | "a" x | "a" | ""')
    with pytest.raises(TooMuchWork):
        follow(machine, "a" * 5_000, 200_000)


def random_grammar(rng: random.Random, depth: int = 0) -> tuple[str, str]:
    """A grammar's right side and the regular expression that means the same."""
    kind = rng.choice(
        ["char", "set", "alt", "seq", "star", "plus", "maybe", "times"] if depth < 4 else ["char"]
    )
    if kind == "char":
        char = rng.choice("ab")
        return f'"{char}"', char
    if kind == "set":
        return "[^a]", "[^a]"
    (left, left_re), (right, right_re) = random_grammar(rng, depth + 1), random_grammar(rng, depth + 1)
    return {
        "alt": (f"({left} | {right})", f"(?:{left_re}|{right_re})"),
        "seq": (f"{left} {right}", f"{left_re}{right_re}"),
        "star": (f"({left})*", f"(?:{left_re})*"),
        "plus": (f"({left})+", f"(?:{left_re})+"),
        "maybe": (f"({left})?", f"(?:{left_re})?"),
        "times": (f"({left}){{1,2}}", f"(?:{left_re}){{1,2}}"),
    }[kind]


def test_regular_grammars_agree_with_regular_expressions() -> None:
    rng = random.Random(5)
    texts = ["".join(rng.choice("abc") for _ in range(length)) for length in range(7) for _ in range(6)]
    for _ in range(300):
        grammar, expression = random_grammar(rng)
        machine = compile_grammar(f"root ::= {grammar}")
        for text in texts:
            expected = re.fullmatch(expression, text) is not None
            assert follow(machine, text, STEPS).is_whole == expected, (grammar, text)
