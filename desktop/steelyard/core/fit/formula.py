"""Memory of a model by its header alone: the fallback where the engine cannot be asked, and the live slider.

Sources: llama.cpp's llama_kv_cache, llama_memory_recurrent and its compute reservation, as measured on the
pinned build. Exact for weights; exact for the KV cache of the architectures named here; compute is an
estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from steelyard.core.gguf.header import GgufHeader

MIB = 1 << 20
_CELLS = 256
"""The engine rounds the context of a sequence up to a multiple of this."""
_UBATCH = 512
_F32 = 4
# Bytes for a block of elements; ggml-common.h.
_KV_BLOCKS = {
    "f32": (1, 4),
    "f16": (1, 2),
    "bf16": (1, 2),
    "q8_0": (32, 34),
    "q5_1": (32, 24),
    "q5_0": (32, 22),
    "q4_1": (32, 20),
    "q4_0": (32, 18),
    "iq4_nl": (32, 18),
}
# Every n-th layer sees the whole context, the others a window; llama-model.cpp. The header does not tell.
_FULL_EVERY = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gpt-oss": 2,
    "cohere2": 4,
    "llama4": 4,
    "exaone4": 4,
    "olmo2": 4,
    "phi3": 1,
}
_ACTIVATIONS = 3
"""Rows of the model's width that are alive at once for each token of a batch."""


@dataclass(frozen=True)
class Estimate:
    """Bytes, without regard to where they lie."""

    weights_bytes: int
    kv_bytes: int
    compute_bytes: int

    @property
    def total_bytes(self) -> int:
        """All three."""
        return self.weights_bytes + self.kv_bytes + self.compute_bytes


def estimate(header: GgufHeader, weights_bytes: int, ctx: int, parallel: int, kv_type: str) -> Estimate:
    """What a server with `parallel` slots of `ctx` tokens each needs."""
    return Estimate(
        weights_bytes=weights_bytes,
        kv_bytes=kv_bytes(header, ctx, parallel, kv_type),
        compute_bytes=compute_bytes(header, parallel),
    )


def padded(ctx: int) -> int:
    """The cells that the engine makes for a context of `ctx` tokens."""
    return -(-ctx // _CELLS) * _CELLS


def kv_bytes(header: GgufHeader, ctx: int, parallel: int, kv_type: str) -> int:
    """The KV cache (and the state of recurrent layers) of `parallel` sequences of `ctx` tokens, bytes."""
    cells, layers = padded(ctx), header.layers or 0
    window = header.count("attention.sliding_window", 1 << 30)
    window_cells = min(cells, padded(window + _UBATCH)) if window else cells
    total = 0
    for layer in range(layers):
        is_whole = window is None or _sees_all(header, layer)
        total += (cells if is_whole else window_cells) * _bytes_per_token(header, layer, kv_type)
    return parallel * (total + layers * _state_bytes(header))


def _sees_all(header: GgufHeader, layer: int) -> bool:
    pattern = header.metadata.get(f"{header.architecture}.attention.sliding_window_pattern")
    if isinstance(pattern, list):
        windows = cast("list[Any]", pattern)
        return not windows[layer % len(windows)] if windows else True
    every = _FULL_EVERY.get(header.architecture or "", 1)
    if isinstance(pattern, int) and pattern > 0:
        every = pattern
    return (layer + 1) % every == 0


def _bytes_per_token(header: GgufHeader, layer: int, kv_type: str) -> int:
    heads = _heads_kv(header, layer)
    if not heads:
        return 0
    latent = header.count("attention.kv_lora_rank", 1 << 20)
    if latent:  # MLA: one compressed row instead of keys and values
        return _row_bytes(latent + (header.count("rope.dimension_count", 1 << 20) or 0), kv_type)
    usual = (header.count("embedding_length", 1 << 24) or 0) // (_heads(header, layer) or 1)
    key = header.count("attention.key_length", 1 << 20) or usual
    value = header.count("attention.value_length", 1 << 20) or usual
    return _row_bytes(heads * key, kv_type) + _row_bytes(heads * value, kv_type)


def _row_bytes(elements: int, kv_type: str) -> int:
    per_block, block_bytes = _KV_BLOCKS[kv_type]
    return -(-elements // per_block) * block_bytes


def _heads(header: GgufHeader, layer: int) -> int:
    return _per_layer(header, "attention.head_count", layer) or 0


def _heads_kv(header: GgufHeader, layer: int) -> int:
    found = _per_layer(header, "attention.head_count_kv", layer)
    return _heads(header, layer) if found is None else found


def _per_layer(header: GgufHeader, key: str, layer: int) -> int | None:
    """A number, or one number for each layer; 0 in such a list is a layer without attention."""
    value = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(value, list):
        numbers = cast("list[Any]", value)
        value = numbers[layer] if layer < len(numbers) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < 1 << 20 else None


def _state_bytes(header: GgufHeader) -> int:
    """State of one recurrent (Mamba) layer for one sequence, f32."""
    width = header.count("ssm.conv_kernel", 1 << 10)
    inner = header.count("ssm.inner_size", 1 << 24)
    state = header.count("ssm.state_size", 1 << 20)
    if not (width and inner and state):
        return 0
    groups = header.count("ssm.group_count", 1 << 16) or 0
    return _F32 * ((width - 1) * (inner + 2 * groups * state) + state * inner)


def compute_bytes(header: GgufHeader, parallel: int) -> int:
    """Scratch for one batch with flash attention: logits of the outputs, and some activations."""
    width = header.count("embedding_length", 1 << 24) or 0
    inner = header.count("feed_forward_length", 1 << 24) or 4 * width
    outputs = parallel * (header.vocabulary or 0) * _F32
    return outputs + _UBATCH * (_ACTIVATIONS * width + 2 * inner) * _F32 + 8 * MIB
