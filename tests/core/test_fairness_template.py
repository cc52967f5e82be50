"""What templates of many models make of the same messages."""

from __future__ import annotations

import pytest

from steelyard.core.runs.template_facts import MOST_WORDS_CHARS, template_facts

BRIEF, HI = ("system", "Be brief."), ("user", "hi")
CHATML = (
    "<|im_start|>system\nYou are a helpful assistant named {}<|im_end|>\n"
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
)
LLAMA_3 = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
    "Today Date: 26 Jul 2024\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
HARMONY = (
    "<|start|>system<|message|>You are a large language model.\nKnowledge cutoff: 2024-06\n"
    "Current date: 2025-08-05\n\nReasoning: medium<|end|><|start|>user<|message|>hi<|end|><|start|>assistant"
)
MISTRAL = "<s>[INST] hi[/INST] yo</s>[INST] Be brief.\n\nnow[/INST]"
LATER = [BRIEF, HI, ("assistant", "yo"), ("user", "now")]
WIDE = (
    "<\uff5cbegin\u2581of\u2581sentence\uff5c>Be brief.<\uff5cUser\uff5c>hi<\uff5cAssistant\uff5c><think>\n"
)


@pytest.mark.parametrize(
    ("messages", "templated"),
    [
        ([BRIEF, ("user", " hi\n")], LLAMA_3),
        ([BRIEF, HI], "<bos><start_of_turn>user\nBe brief.\n\nhi<end_of_turn>\n<start_of_turn>model\n"),
        ([BRIEF, HI], "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nhi [/INST]"),
        ([BRIEF, HI], WIDE),
        (LATER, MISTRAL),
        ([HI], "### Instruction:\nhi\n\n### Response:\n"),
        ([("user", "user")], "<|im_start|>user\nuser<|im_end|>\n<|im_start|>assistant\n"),
        ([("user", "  \n")], "<|im_start|>user\n  \n<|im_end|>\n<|im_start|>assistant\n"),
    ],
)
def test_frames_roles_and_dates_are_no_words(messages: list[tuple[str, str]], templated: str) -> None:
    facts = template_facts(messages, templated)
    assert (facts.added, facts.left_out) == ("", [])


def test_words_of_its_own_are_found_and_dates_in_them_do_not_matter() -> None:
    assert template_facts([HI], CHATML.format("Bo")).added == "You are a helpful assistant named Bo"
    assert template_facts([HI], HARMONY).added == "You are a large language model. Reasoning: medium"
    another_day = HARMONY.replace("2025-08-05", "2026-11-22")
    assert template_facts([HI], another_day) == template_facts([HI], HARMONY)


def test_short_message_is_not_taken_for_a_letter_of_other_words() -> None:
    facts = template_facts([("user", "a")], CHATML.format("a a").replace("\nhi<", "\na<"))
    assert facts.added == "You are a helpful assistant named a a"


def test_what_did_not_get_through_is_named() -> None:
    gemma = "<bos><start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\n"
    assert template_facts([BRIEF, HI], gemma).left_out == ["system"]
    cut = template_facts([("user", "one two three four")], "<|im_start|>user\none two<|im_end|>\n")
    assert cut.left_out == ["user"]


@pytest.mark.parametrize("unit", ["a", "a a ", "a date ", "<", "<|", "[A", "date: ", "x\n", "12 "])
def test_hostile_text_takes_no_time(unit: str) -> None:
    facts = template_facts([("user", "a"), ("user", unit * 3)], unit * 100_000)
    assert len(facts.added) <= MOST_WORDS_CHARS
