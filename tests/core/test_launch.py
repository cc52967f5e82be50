"""What a child is started with, and what its log tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.servers.launch import alias_for, plan_launch, plan_projection
from steelyard.core.servers.loading import ServerSpec
from steelyard.core.servers.log_facts import LogFacts, exit_words
from steelyard.core.servers.projection import ProjectionLog
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.settings import ServerSettings

HOSTILE = {
    "LLAMA_ARG_HOST": "0.0.0.0",
    "LLAMA_ARG_TOOLS": "all",
    "OPENAI_API_KEY": "canary",
    "HTTP_PROXY": "http://evil",
    "LD_PRELOAD": "/evil.so",
    "HOME": "/home/u",
    "CUDA_VISIBLE_DEVICES": "0",
}


def plan(socket: str = "/run/s/llama-1.sock", name: str = "starter"):
    spec = ServerSpec(name, Path("/w/a.gguf"), Path("/e/llama-server"), Path("/run/s"))
    return plan_launch(spec, LaunchProfile(), ServerSettings(), Path(socket), "k" * 64, HOSTILE)


def test_environment_is_built_from_empty() -> None:
    assert plan().environment == {"LLAMA_API_KEY": "k" * 64, "HOME": "/home/u", "CUDA_VISIBLE_DEVICES": "0"}


def test_key_and_tcp_stay_out_of_argv() -> None:
    argv = plan().argv
    assert "k" * 64 not in " ".join(argv)
    assert argv[argv.index("--host") + 1] == "/run/s/llama-1.sock"
    assert "--port" not in argv
    for flag in ("--offline", "--no-webui"):
        assert flag in argv


def test_a_socket_path_that_cannot_work_is_refused() -> None:
    with pytest.raises(AppError, match="too long"):
        plan("/run/" + "x" * 120 + "/a.sock")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "a,b", "--host=0.0.0.0", "x" * 500, "\x1b[31m", "", "名前", "../.."]
)
def test_aliases_are_harmless(name: str) -> None:
    alias = alias_for(name)
    assert alias
    assert len(alias) <= 80
    assert not set(alias) & set("/,=\x1b ")
    assert not alias.startswith(("-", "."))


LOG = """\
0.00.256.491 I common_memory_breakdown_print: | - Host | 293 = 92 +  180 +   21 |
0.00.416.775 I load_tensors: offloaded 31/31 layers to GPU
0.00.416.775 I load_tensors:      Vulkan0 model buffer size =    90.00 MiB
0.00.416.775 I load_tensors:   CPU_Mapped model buffer size =     2.00 MiB
0.00.419.266 I llama_kv_cache:    Vulkan0 KV buffer size =   180.00 MiB
0.00.606.507 I sched_reserve:     Vulkan0 compute buffer size =    21.50 MiB
0.00.606.507 I sched_reserve:     Vulkan0 compute buffer size =    21.50 MiB
9.00.256.491 I common_memory_breakdown_print: | - Host | 999 = 92 +  180 +  727 |
"""


def test_buffers_are_summed_once_and_projection_is_the_one_before_loading() -> None:
    facts = LogFacts()
    for at in range(0, len(LOG), 7):
        facts.feed(LOG[at : at + 7].encode())
    assert facts.measured_bytes == round(293.5 * (1 << 20))
    assert facts.predicted_bytes == 293 << 20
    assert facts.backend == "vulkan"
    assert (facts.offloaded_layers, facts.total_layers) == (31, 31)


# What the engine says of gemma3-270m at a context of 8,192. With the highest verbosity it also announces the
# buffers of its first try; on a CPU most of them are 0.00 there, which must not be relied on.
FITTING = """\
0.00.498.888 I load_tensors: loading model tensors, this can take a while... (load_mode = none)
0.00.500.591 I load_tensors:          CPU model buffer size =   222.00 MiB
0.00.500.592 I load_tensors:   CPU_REPACK model buffer size =    12.66 MiB
0.00.502.542 I llama_context:        CPU  output buffer size =     1.00 MiB
0.00.502.687 I llama_kv_cache:        CPU KV buffer size =    24.00 MiB
0.00.502.726 I llama_kv_cache:        CPU KV buffer size =    15.00 MiB
0.00.506.474 I sched_reserve:        CPU compute buffer size =    26.77 MiB
"""
TWO_CACHES = """\
0.00.734.105 I load_tensors: loading model tensors, this can take a while... (load_mode = mmap)
0.00.905.487 I load_tensors:   CPU_Mapped model buffer size =   235.16 MiB
0.00.905.493 I load_tensors:   CPU_REPACK model buffer size =    12.66 MiB
0.00.974.281 I llama_context:        CPU  output buffer size =     1.00 MiB
0.00.974.298 I llama_kv_cache_iswa: creating non-SWA KV cache, size = 8192 cells
0.00.974.408 I llama_kv_cache:        CPU KV buffer size =    24.00 MiB
0.00.984.217 I llama_kv_cache_iswa: creating     SWA KV cache, size = 1024 cells
0.00.984.284 I llama_kv_cache:        CPU KV buffer size =    15.00 MiB
0.00.993.465 I sched_reserve:        CPU compute buffer size =    26.77 MiB
"""


@pytest.mark.parametrize("before", ["", FITTING])
def test_two_caches_of_one_model_add_up_and_the_first_try_does_not_count(before: str) -> None:
    facts = LogFacts()
    facts.feed((before + TWO_CACHES).encode())
    # The engine's closing breakdown: 300 = 235 + 39 + 26, and 12 repacked; it leaves out the output buffer.
    assert facts.measured_bytes == round((235.16 + 12.66 + 1 + 24 + 15 + 26.77) * (1 << 20))


def test_weights_in_several_files_add_up() -> None:
    facts = LogFacts()
    facts.feed(b"load_tensors:   CPU_Mapped model buffer size =    40.00 MiB\n" * 3)
    assert facts.measured_bytes == 120 << 20


def test_gpu_breakdown_line() -> None:
    facts = LogFacts()
    facts.feed(
        b"memory_breakdown_print: |   - CUDA0 (RTX 4090)   | "
        b"24118 = 23606 + (292 =    92 +     180 +      20) +           0 |\n"
    )
    assert facts.predicted_bytes == 292 << 20


def test_a_log_flood_stays_bounded() -> None:
    facts = LogFacts()
    for _ in range(200):
        facts.feed(b"x" * 100_000)
    facts.feed(b"\n" + b"line\n" * 10_000)
    assert sum(len(line) for line in facts.lines) < 1_000_000


@pytest.mark.parametrize(
    ("code", "log", "words"),
    [
        (
            1,
            "alloc_buffer: failed to allocate buffer of size 99",
            "not enough memory",
        ),
        (1, "error loading model: unknown model architecture: 'zzz'", "zzz"),
        (
            127,
            "llama-server: error while loading shared libraries: libx.so: cannot open",
            "engine is incomplete",
        ),
        (-9, "", "killed"),
        (-11, "0.00.1 I srv  load: last words", "crashed (SIGSEGV) at: srv  load: last words"),
        (
            1,
            "0.00.024.650 E llama_init_from_model: quantized V cache requires flash_attn to be",
            "flash attention",
        ),
        (1, "0.0 E llama_init: K cache type q8_0 with block size 32 does not divide n=16", "does not divide"),
        (1, "0.0 W llama_init: context type MTP requested but model doesn't contain MTP layers", "MTP"),
        (1, "0.0 E x: failed to load lora adapter 'l'\n0.0 E x: failed to create_context", "LoRA adapter"),
        (1, "0.0 E common_chat_templates_init: failed to initialize chat template", "chat template"),
        (1, "0.0 E mtmd: error: Failed to load CLIP model from p.gguf", "projector"),
        (
            1,
            "0.0 E gguf: invalid magic characters\n0.0 E y: failed to load draft model, 'd'",
            "draft weights",
        ),
        (1, 'error while handling argument "--device": invalid device: CUDA7', "invalid device: CUDA7"),
        (3, "last words", "code 3 (last words)"),
    ],
)
def test_exits_are_explained(code: int, log: str, words: str) -> None:
    facts = LogFacts()
    facts.feed(log.encode() + b"\n")
    assert words in exit_words(code, facts)[0]


# As gdb 13 prints it when an engine aborts; the chatter comes after what the engine said last.
DEBUGGED = """0.00.1 E common.cpp:9: no room for the outputs
[New LWP 20353]
warning: 12 debug files are missing
[Thread debugging using libthread_db enabled]
Using host libthread_db library "/lib/x86_64-linux-gnu/libthread_db.so.1".
0x00007f73798d9bd3 in __GI___wait4 (pid=20352) at ../sysdeps/unix/sysv/linux/wait4.c:30
30\t../sysdeps/unix/sysv/linux/wait4.c: No such file or directory.
#0  0x00007f73798d9bd3 in __GI___wait4 (pid=20352) at ../sysdeps/unix/sysv/linux/wait4.c:30
#1  0x000055cb547d82df in ggml_print_backtrace ()
#2  0x000055cb547d831d in ggml_abort ()
#3  0x000055cb547d833c in llama_context::output_reserve(int) ()
#4  0x000055cb547d8367 in main ()
[Inferior 1 (process 20351) detached]
"""


def test_a_debugger_tells_where_it_crashed_and_has_not_the_last_word() -> None:
    facts = LogFacts()
    facts.feed(DEBUGGED.encode())
    words, hint = exit_words(-6, facts)
    assert words == (
        "it crashed (SIGABRT) at: llama_context::output_reserve (common.cpp:9: no room for the outputs)"
    )
    assert "other settings" in hint
    refused = LogFacts()
    refused.feed(b"last words\nCould not attach to process.  Check your rights.\nNo stack.\n")
    assert exit_words(-6, refused)[0] == "it crashed (SIGABRT) at: last words"


def projection_of(text: str) -> ProjectionLog:
    log = ProjectionLog()
    for at in range(0, len(text), 11):
        log.feed(text.encode()[at : at + 11])
    return log


GPU_PROJECTION = """\
0.00.018.691 I common_params_fit_impl: getting device memory data for initial parameters:
0.00.087.085 I load_tensors: loading model tensors, this can take a while... (load_mode = none)
0.00.090.000 I llama_context:        CPU  output buffer size =     0.19 MiB
0.00.091.000 I llama_kv_cache: size =  180.00 MiB (  8192 cells,  30 layers,  1/1 seqs), K (f16):   90.00 MiB
0.00.094.650 I sched_reserve:      CUDA0 compute buffer size =    21.51 MiB
0.00.094.650 I sched_reserve:  CUDA_Host compute buffer size =     6.14 MiB
0.00.115.822 I common_memory_breakdown_print: | memory breakdown [MiB] | total   free    self   model |
0.00.115.853 I common_memory_breakdown_print: | - CUDA0 (RTX 3090) | 24118 = 100 + (292 = 92 + 180 + 21) + 9 |
0.00.115.853 I common_memory_breakdown_print: |   - Host             |          34 =  28 +   0 +   6   |
0.00.126.087 I common_params_fit_impl: projected to use 292 MiB of device memory vs. 100 MiB
0.00.126.087 I common_params_fit_impl: cannot meet free memory target of 1024 MiB
0.00.126.087 I common_params_fit_impl: context size set by user to 8192 -> no change
0.00.130.000 I common_params_fit_impl: filling dense layers back-to-front:
0.00.131.000 I llama_kv_cache: size =  999.00 MiB (  8192 cells,  30 layers,  1/1 seqs), K (f16):   90.00 MiB
0.00.131.000 I sched_reserve:      CUDA0 compute buffer size =    99.51 MiB
0.00.132.000 I common_params_fit_impl:   - CUDA0 (RTX 3090): 12 layers,    120 MiB used,    -20 MiB free
"""


def test_a_projection_on_a_gpu_tells_needs_and_the_layers_that_go_there() -> None:
    log = projection_of(GPU_PROJECTION)
    assert not log.has_told.is_set()
    log.feed(b"0.00.2 I common_fit_params: fitting params to free memory took 0.11 seconds\n")
    assert log.has_told.is_set()
    projected = log.projected_now()
    assert projected is not None
    assert projected.layers_on_gpu == 12
    assert projected.kv_bytes == 180 << 20, "what comes after the first count is of other tries"
    assert projected.compute_bytes == round((21.51 + 6.14) * (1 << 20))
    gpu, host = projected.devices
    assert (gpu.name, gpu.total_mib, gpu.free_mib, gpu.model_mib) == ("CUDA0 (RTX 3090)", 24118, 100, 92)
    assert host.is_host


def test_a_later_way_of_filling_replaces_the_earlier_one() -> None:
    more = """\
1 I common_params_fit_impl: converting dense-only layers to full layers and filling them front-to-back:
1 I common_params_fit_impl:   - CUDA0 (x): 20 layers ( 3 overflowing),   1200 MiB used,     20 MiB free
1 I common_params_fit_impl:   - CUDA1 (y):  9 layers ( 0 overflowing),   1200 MiB used,     20 MiB free
"""
    projected = projection_of(GPU_PROJECTION + more).projected_now()
    assert projected is not None
    assert projected.layers_on_gpu == 29


def test_a_log_without_a_breakdown_is_no_projection() -> None:
    assert projection_of("0 E llama_model_load: error loading model: nope\n").projected_now() is None


def test_a_projection_has_the_flags_of_a_server(tmp_path: Path) -> None:
    profile = LaunchProfile(context_tokens=4096, parallel=4, kv_type_k="q8_0", kv_type_v="q8_0")
    plan = plan_projection(tmp_path / "b", tmp_path / "w.gguf", tmp_path / "s.sock", profile, {"A": "1"})
    words = plan.argv
    assert words[words.index("--ctx-size") + 1] == "16384"
    assert words[words.index("--parallel") + 1] == "4"
    assert "--no-kv-unified" in words
    assert words[words.index("--cache-type-v") + 1] == "q8_0"
    assert "--offline" in words
    assert plan.environment == {}
