"""What the context slider says about the contexts at both sides of the flip."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.core.values import commands as cmd
from steelyard.core.values.fit import FitDevice, FitReport, FitWish
from steelyard.ui.pages.models_verdicts import flip_texts, verdict_text
from ui import scripted_hub
from ui.scripted_hub import GIB, QWEN

HOST = FitDevice(name="Host", kind="host", total_bytes=64 * GIB, free_bytes=28 * GIB)


def _report(ctx: int = 8192, **changes: object) -> FitReport:
    hub = scripted_hub.ScriptedHub(lambda _event: None)
    command = cmd.FitRepo(repo=QWEN, revision=scripted_hub.REVISION, wish=FitWish(ctx=ctx))
    report = hub.answers()[cmd.FitRepo](command).reports["Qwen2.5-32B-Instruct-Q4_K_M.gguf"]
    return msgspec.structs.replace(report, **changes)


@pytest.mark.parametrize(
    ("largest", "ctx", "verdict", "texts"),
    [
        (32768, 8192, "cpu", ("runs on the CPU, fits up to the model's 32,768", "")),
        (12288, 8192, "cpu", ("runs on the CPU, fits up to 12,288", "more than is free")),
        (12288, 16384, "wont_fit", ("runs on the CPU, fits up to 12,288", "Won't fit")),
        (None, 8192, "wont_fit", ("", "Won't fit")),
    ],
)
def test_a_machine_without_a_gpu_is_told_in_plain_words(
    largest: int | None, ctx: int, verdict: str, texts: tuple[str, str]
) -> None:
    report = _report(ctx, devices=[HOST], verdict=verdict, largest_ctx=largest)
    _, left, right = flip_texts(report, None, 32768)
    assert (left[0], right[0]) == texts
    assert verdict_text(_report(devices=[HOST], verdict="cpu")) == "Runs on CPU"


def test_behind_the_flip_the_best_verdict_keeps_the_name_it_had() -> None:
    best = _report(verdict="partial", layers_on_gpu=40, largest_ctx=12288)
    worse = _report(16384, verdict="cpu", largest_ctx=12288)
    flip, left, right = flip_texts(worse, best, 32768)
    assert flip == 12288
    assert left == ("Partial 40/65 layers up to 12,288", "warn")
    assert right == ("runs on the CPU", "warn")


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        ("tight", "Full GPU up to 12,288"),
        ("partial", "fits the GPU up to 12,288"),
        ("cpu", "uses the GPU up to 12,288"),
        ("wont_fit", "fits up to 12,288"),
    ],
)
def test_without_a_former_report_nothing_is_claimed_that_need_not_be_true(verdict: str, text: str) -> None:
    _, left, _ = flip_texts(_report(16384, verdict=verdict, largest_ctx=12288), None, 32768)
    assert left[0] == text
