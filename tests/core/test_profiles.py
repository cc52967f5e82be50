"""Launch profiles: from fields to flags, what is refused, and how they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import data_root
from steelyard.core.servers.flags import effective, problems_of, profile_flags
from steelyard.core.servers.launch import launch_flags, plan_launch, shell_command
from steelyard.core.servers.loading import ServerSpec
from steelyard.core.store.profiles import ProfileStore, parse_profile
from steelyard.core.values.profiles import LaunchProfile, LoraAdapter, StoredProfile
from steelyard.core.values.settings import ServerSettings

SPEC = ServerSpec("m", Path("/w/m.gguf"), Path("/e/llama-server"), Path("/run/s"))


def words(profile: LaunchProfile) -> list[str]:
    return [
        word for flag in profile_flags(effective(profile, ServerSettings()), profile) for word in flag.words
    ]


def value_of(profile: LaunchProfile, flag: str) -> str | None:
    found = words(profile)
    return found[found.index(flag) + 1] if flag in found else None


@pytest.mark.parametrize(
    ("profile", "flag", "value"),
    [
        (LaunchProfile(context_tokens=4096, parallel=4), "--ctx-size", "16384"),
        (LaunchProfile(gpu_layers="all"), "--gpu-layers", "all"),
        (LaunchProfile(gpu_layers=0), "--gpu-layers", "0"),
        (LaunchProfile(tensor_split=[3, 1]), "--tensor-split", "3,1"),
        (LaunchProfile(split_mode="row", main_gpu=1), "--main-gpu", "1"),
        (LaunchProfile(devices=["CUDA0", "CUDA1"]), "--device", "CUDA0,CUDA1"),
        (LaunchProfile(kv_type_k="q8_0", kv_type_v="q5_1"), "--cache-type-v", "q5_1"),
        (LaunchProfile(flash_attention="on"), "--flash-attn", "on"),
        (LaunchProfile(batch_tokens=2048, ubatch_tokens=1024), "--batch-size", "2048"),
        (LaunchProfile(ubatch_tokens=1024), "--batch-size", "1024"),
        (LaunchProfile(threads=3, threads_batch=5), "--threads-batch", "5"),
        (LaunchProfile(lora=[LoraAdapter(path="/l.gguf", scale=0.5)]), "--lora-scaled", "/l.gguf:0.5"),
        (LaunchProfile(mmproj="/p.gguf"), "--mmproj", "/p.gguf"),
        (LaunchProfile(speculation="draft", draft_weights="/d.gguf"), "--spec-draft-model", "/d.gguf"),
        (LaunchProfile(speculation="ngram-mod"), "--spec-type", "ngram-mod"),
        (LaunchProfile(speculation="mtp", draft_max=2), "--spec-draft-n-max", "2"),
        (LaunchProfile(rope_scaling="yarn", rope_scale=4, yarn_orig_ctx=32768), "--yarn-orig-ctx", "32768"),
        (LaunchProfile(rope_freq_base=1e6), "--rope-freq-base", "1e+06"),
        (LaunchProfile(reasoning="off"), "--reasoning", "off"),
        (LaunchProfile(extra_flags=["--top-k", "20", "--swa-full"]), "--top-k", "20"),
    ],
)
def test_each_field_becomes_its_flag(profile: LaunchProfile, flag: str, value: str) -> None:
    assert value_of(profile, flag) == value


def test_switches_have_no_value_and_defaults_have_no_flag() -> None:
    assert words(LaunchProfile(embeddings=True))[-1] == "--embeddings"
    assert words(LaunchProfile(embeddings=False, speculation="off")) == words(LaunchProfile())
    assert "--no-kv-unified" in words(LaunchProfile(parallel=2))


def test_a_profile_goes_before_the_settings_and_says_so() -> None:
    settings = ServerSettings(context_tokens=2048, threads=2)
    flags = {flag.name: flag for flag in launch_flags(SPEC, LaunchProfile(threads=7), settings, Path("s"))}
    assert (flags["--threads"].value, flags["--threads"].why) == ("7", "profile")
    assert (flags["--ctx-size"].value, flags["--ctx-size"].why) == ("2048", "setting")
    assert flags["--host"].why == "ours"
    assert flags["--ctx-size"].row().default == "the model's own"


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--host", "0.0.0.0"], "--host"),
        (["--api-key", "x"], "--api-key"),
        (["--tools", "all"], "--tools"),
        (["--slot-save-path", "/tmp"], "--slot-save-path"),
        (["--log-file", "/etc/passwd"], "--log-file"),
        (["--model-url", "http://x"], "--model-url"),
        (["--rpc", "x:1"], "--rpc"),
        (["-c", "1"], "-c"),
        (["--top-k=5"], "--top-k=5"),
        (["--ctx-size", "99"], "context_tokens"),
        (["--top-k"], "needs a value"),
        (["--top-k", ""], "unusable"),
        (["--swa-full", "0.0.0.0"], "0.0.0.0"),
        ([""], "not on the list"),
        (["--samplers", "a\0b"], "unusable"),
    ],
)
def test_flags_that_are_not_allowed_are_named(extra: list[str], said: str) -> None:
    (problem,) = problems_of(LaunchProfile(extra_flags=extra))
    assert said in problem


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        (LaunchProfile(lora=[LoraAdapter(path="/nowhere.gguf")]), "no such file"),
        (LaunchProfile(lora=[LoraAdapter(path="a:b,c")]), "comma"),
        (LaunchProfile(mmproj="relative.gguf"), "no such file"),
        (LaunchProfile(speculation="draft"), "needs draft_weights"),
        (LaunchProfile(binary="/nowhere/llama-server"), "no such program"),
        (LaunchProfile(batch_tokens=64, ubatch_tokens=128), "ubatch_tokens"),
        (LaunchProfile(kv_type_v="q4_0", flash_attention="off"), "flash attention"),
        (LaunchProfile(devices=["CUDA0,x=1"]), "CUDA0"),
        (LaunchProfile(tensor_split=[0, 0]), "tensor_split"),
        (LaunchProfile(draft_min=9, draft_max=2), "draft_min"),
        (LaunchProfile(chat_template="a\0b"), "NUL"),
    ],
)
def test_what_makes_no_sense_is_told_before_a_start(profile: LaunchProfile, said: str) -> None:
    assert said in "; ".join(problems_of(profile))
    with pytest.raises(AppError, match="launch profile"):
        plan_launch(SPEC, profile, ServerSettings(), Path("/run/s/a.sock"), "k", {})


def test_the_command_is_for_a_shell_and_holds_no_key() -> None:
    flags = launch_flags(
        ServerSpec("m", Path("/w/a b.gguf"), Path("/e/x"), Path("/r")),
        LaunchProfile(),
        ServerSettings(),
        Path("s"),
    )
    command = shell_command("/e/llama server", flags)
    assert command.startswith("LLAMA_API_KEY=*** '/e/llama server' --model '/w/a b.gguf' ")


def test_a_template_is_written_for_the_engine_and_named_by_its_content() -> None:
    profile = LaunchProfile(chat_template="{{ messages }}")
    plan = plan_launch(SPEC, profile, ServerSettings(), Path("/run/s/a.sock"), "k", {})
    assert plan.template is not None
    assert plan.argv[plan.argv.index("--chat-template-file") + 1] == str(plan.template)
    assert plan.template.parent == Path("/run/s")


def test_shipped_profiles_can_all_be_used(tmp_path: Path) -> None:
    shipped = ProfileStore(tmp_path / "p", data_root() / "models" / "profiles").all()
    assert len(shipped) >= 5
    assert [one.problem for one in shipped if one.problem] == []
    assert {one.origin for one in shipped} == {"shipped"}
    assert [problem for one in shipped for problem in problems_of(one.profile)] == []


def test_profiles_are_kept_and_usable_as_files(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "profiles", tmp_path / "none")
    wanted = LaunchProfile(
        context_tokens=4096,
        gpu_layers="auto",
        tensor_split=[0.5, 0.5],
        lora=[LoraAdapter(path="/a.gguf", scale=0.25)],
        chat_template='{% if x %}"""\n\\n{% endif %}',
    )
    kept = store.save(StoredProfile(name="Mine / über", profile=wanted, origin="tune", weights="starter"))
    assert kept.path is not None
    assert parse_profile(Path(kept.path).read_text()).profile == wanted
    (read,) = ProfileStore(tmp_path / "profiles", tmp_path / "none").all()
    assert (read.name, read.profile, read.origin, read.weights) == ("Mine / über", wanted, "tune", "starter")
    store.remove("Mine / über")
    assert store.all() == []
    with pytest.raises(AppError):
        store.remove("Mine / über")


@pytest.mark.parametrize(
    "text",
    [
        "context_tokens = 'many'",
        "nope = 1",
        "[profile]\nthreads = 0",
        "x = [",
        "\x00",
        "[profile]\nbinary = 5",
        "threads = 3\n[profile]\nparallel = 2",
    ],
)
def test_a_file_that_is_no_profile_says_why_and_stands_in_nobodys_way(text: str, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="Not a launch profile"):
        parse_profile(text)
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "bad.toml").write_text(text)
    (read,) = ProfileStore(folder, tmp_path / "none").all()
    assert read.problem
    assert read.profile == LaunchProfile()


def test_keys_beside_the_table_are_named() -> None:
    with pytest.raises(AppError, match="threads, mine"):
        parse_profile("name = 'a'\nthreads = 3\nmine = 1\n[profile]\nparallel = 2")


def test_weights_remember_how_they_are_served(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    ProfileStore(folder, tmp_path).assign("/w/a.gguf", LaunchProfile(parallel=4))
    again = ProfileStore(folder, tmp_path)
    assert again.assigned("/w/a.gguf") == LaunchProfile(parallel=4)
    assert again.assigned("/w/b.gguf") == LaunchProfile()
    (folder / "assigned.json").write_text("{")
    assert ProfileStore(folder, tmp_path).assigned("/w/a.gguf") == LaunchProfile()
