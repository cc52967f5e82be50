"""A llama-bench that is as fast as the test says. A program of its own, like the real one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROMPT_TPS, GEN_TPS = 20_000.0, 5_000.0
_PROGRAM = """#!{python} -IS
import json, random, sys
words = sys.argv[1:]
options = dict(zip(words, words[1:]))
print("llama-bench: benchmark 1/2: prompt run 1/1", file=sys.stderr)
if "-ctk" in options:
    sys.exit("llama_bench: error: failed to create context with model")
line = " ".join(words)
prompt_factor = gen_factor = 1.0
for part, (reads, writes) in {factors!r}.items():
    if part in line:
        prompt_factor, gen_factor = prompt_factor * reads, gen_factor * writes
row = {{"build_commit": "abc", "build_number": 7, "backends": "CPU", "n_gpu_layers": -1, "devices": "auto"}}
times = [("n_prompt", int(n), {prompt_tps} * prompt_factor) for n in options["-p"].split(",") if int(n)]
times += [("n_gen", int(options["-n"]), {gen_tps} * gen_factor)] if int(options["-n"]) else []
for name, tokens, rate in times:
    samples = [round(1e9 * tokens / rate * random.uniform(0.99, 1.01)) for _ in range(int(options["-r"]))]
    print(json.dumps({{**row, "n_prompt": 0, "n_gen": 0, name: tokens, "samples_ns": samples}}), flush=True)
"""


def put_program(folder: Path, text: str, name: str = "llama-bench") -> Path:
    """An engine folder in which llama-bench is this text."""
    folder.mkdir(exist_ok=True)
    (folder / "llama-server").touch()
    program = folder / name
    program.write_text(text)
    program.chmod(0o755)
    return folder


def put_bench(folder: Path, factors: Mapping[str, tuple[float, float]]) -> Path:
    """One whose rates are multiplied by (prompt, generation) for each part that its command line has."""
    text = _PROGRAM.format(
        python=sys.executable, factors=dict(factors), prompt_tps=PROMPT_TPS, gen_tps=GEN_TPS
    )
    return put_program(folder, text)
