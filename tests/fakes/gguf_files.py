"""Writes GGUF files: a tiny model that works, and every malformed relative of it (battery G).

The format is that of ggml's docs/gguf.md, version 3; written here by hand so that it can be written wrongly.
"""

from __future__ import annotations

import math
import struct
import zipfile
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

U16, U32, I32, F32, STRING, ARRAY, U64 = 2, 4, 5, 6, 8, 9, 10
_LAYOUT = {U16: "<H", U32: "<I", I32: "<i", F32: "<f", U64: "<Q"}
F32_TENSOR, F16_TENSOR = 0, 1
N_EMBD, N_FF, N_HEAD, ALIGNMENT = 32, 64, 2, 32


def text(value: str | bytes, length: int | None = None) -> bytes:
    """A GGUF string; `length` lies about its size."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data) if length is None else length) + data


def value(kind: int, content: Any) -> bytes:
    """A typed metadata value without its key."""
    if kind == STRING:
        return struct.pack("<I", STRING) + text(content)
    if kind == ARRAY:
        inner, items = content
        body = b"".join(
            text(item) if inner == STRING else struct.pack(_LAYOUT[inner], item) for item in items
        )
        return struct.pack("<IIQ", ARRAY, inner, len(items)) + body
    return struct.pack("<I", kind) + struct.pack(_LAYOUT[kind], content)


def pair(key: str | bytes, kind: int, content: Any) -> bytes:
    return text(key) + value(kind, content)


@dataclass(frozen=True)
class Tensor:
    """One line of the tensor table. An offset of None means the right one."""

    name: str | bytes
    dims: tuple[int, ...]
    kind: int = F32_TENSOR
    offset: int | None = None
    n_dims: int | None = None

    @property
    def size_bytes(self) -> int:
        return math.prod(self.dims) * (4 if self.kind == F32_TENSOR else 2)


@dataclass(frozen=True)
class Gguf:
    """A file in parts; `pairs` are whole encoded pairs, by key, so that one can be replaced by nonsense."""

    pairs: dict[str, bytes] = field(default_factory=dict[str, bytes])
    tensors: tuple[Tensor, ...] = ()
    magic: bytes = b"GGUF"
    version: int = 3
    n_tensors: int | None = None
    n_pairs: int | None = None
    data: bytes | None = None

    def with_pair(self, key: str, kind: int, content: Any) -> Gguf:
        return self.with_raw(key, pair(key, kind, content))

    def with_raw(self, key: str, encoded: bytes) -> Gguf:
        return replace(self, pairs={**self.pairs, key: encoded})

    def with_tensor(self, at: int, **changes: Any) -> Gguf:
        tensors = list(self.tensors)
        tensors[at] = replace(tensors[at], **changes)
        return replace(self, tensors=tuple(tensors))

    def header(self) -> bytes:
        n_tensors = len(self.tensors) if self.n_tensors is None else self.n_tensors
        n_pairs = len(self.pairs) if self.n_pairs is None else self.n_pairs
        head = self.magic + struct.pack("<IQQ", self.version, n_tensors % 2**64, n_pairs % 2**64)
        return head + b"".join(self.pairs.values()) + self._table()

    def encode(self) -> bytes:
        header = self.header()
        if self.data is not None:
            return header + self.data
        padding = b"\0" * (-len(header) % ALIGNMENT)
        sizes = (-(-tensor.size_bytes // ALIGNMENT) * ALIGNMENT for tensor in self.tensors)
        return header + padding + b"\0" * sum(sizes)

    def _table(self) -> bytes:
        lines, at = b"", 0
        for tensor in self.tensors:
            n_dims = len(tensor.dims) if tensor.n_dims is None else tensor.n_dims
            offset = at if tensor.offset is None else tensor.offset
            dims = b"".join(struct.pack("<Q", dim % 2**64) for dim in tensor.dims)
            lines += text(tensor.name) + struct.pack("<I", n_dims) + dims
            lines += struct.pack("<IQ", tensor.kind, offset % 2**64)
            at += -(-tensor.size_bytes // ALIGNMENT) * ALIGNMENT
        return lines


def tiny_model() -> Gguf:
    """One layer of zeros with a vocabulary of bytes: the engine loads it in no time."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    scalars: list[tuple[str, int, Any]] = [
        ("general.architecture", STRING, "llama"),
        ("general.name", STRING, "tiny"),
        ("general.file_type", U32, 0),
        ("llama.context_length", U32, 512),
        ("llama.embedding_length", U32, N_EMBD),
        ("llama.block_count", U32, 1),
        ("llama.feed_forward_length", U32, N_FF),
        ("llama.attention.head_count", U32, N_HEAD),
        ("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        ("llama.rope.dimension_count", U32, N_EMBD // N_HEAD),
        ("llama.rope.freq_base", F32, 10000.0),
        ("tokenizer.ggml.model", STRING, "llama"),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)),
        ("tokenizer.ggml.scores", ARRAY, (F32, [0.0] * len(tokens))),
        ("tokenizer.ggml.token_type", ARRAY, (I32, [2, 3, 3] + [6] * 256)),
        ("tokenizer.ggml.bos_token_id", U32, 1),
        ("tokenizer.ggml.eos_token_id", U32, 2),
    ]
    square = (N_EMBD, N_EMBD)
    tensors = (
        Tensor("token_embd.weight", (N_EMBD, len(tokens))),
        Tensor("blk.0.attn_norm.weight", (N_EMBD,)),
        *(Tensor(f"blk.0.attn_{name}.weight", square) for name in ("q", "k", "v", "output")),
        Tensor("blk.0.ffn_norm.weight", (N_EMBD,)),
        *(Tensor(f"blk.0.ffn_{name}.weight", (N_EMBD, N_FF)) for name in ("gate", "up")),
        Tensor("blk.0.ffn_down.weight", (N_FF, N_EMBD)),
        Tensor("output_norm.weight", (N_EMBD,)),
        Tensor("output.weight", (N_EMBD, len(tokens))),
    )
    return Gguf({key: pair(key, kind, content) for key, kind, content in scalars}, tensors)


def tiny_lora() -> Gguf:
    """An adapter of rank 4 for one projection of `tiny_model`."""
    rank = 4
    scalars: list[tuple[str, int, Any]] = [
        ("general.type", STRING, "adapter"),
        ("general.architecture", STRING, "llama"),
        ("adapter.type", STRING, "lora"),
        ("adapter.lora.alpha", F32, 8.0),
    ]
    tensors = (
        Tensor("blk.0.attn_q.weight.lora_a", (N_EMBD, rank)),
        Tensor("blk.0.attn_q.weight.lora_b", (rank, N_EMBD)),
    )
    return Gguf({key: pair(key, kind, content) for key, kind, content in scalars}, tensors)


def _nested(depth: int) -> bytes:
    """An array in an array in an array …"""
    levels = struct.pack("<IQ", ARRAY, 1) * depth
    return text("deep") + struct.pack("<I", ARRAY) + levels + struct.pack("<IQ", U32, 0)


def _zip() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02cos\nsystem\n.")
    return buffer.getvalue()


def _big_endian() -> bytes:
    return b"GGUF" + struct.pack(">IQQ", 3, 1, 1) + b"\0" * 64


_BAD_UTF8 = b"bad\x00\xff\xfekey"

MALFORMED: dict[str, Callable[[], bytes]] = {
    "g01-empty": lambda: b"",
    "g02-three-bytes": lambda: b"GGU",
    "g03-html": lambda: b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>",
    "g04-lfs-pointer": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
    "g05-bad-magic": lambda: replace(tiny_model(), magic=b"GGML").encode(),
    "g06-version-0": lambda: replace(tiny_model(), version=0).encode(),
    "g06-version-1": lambda: replace(tiny_model(), version=1).encode(),
    "g06-version-99": lambda: replace(tiny_model(), version=99).encode(),
    "g07-big-endian": _big_endian,
    "g08-header-only": lambda: replace(tiny_model(), data=b"").encode(),
    "g08-magic-only": lambda: b"GGUF",
    "g08-no-tensors": lambda: replace(tiny_model(), tensors=()).encode(),
    "g09-pairs-minus-1": lambda: replace(tiny_model(), n_pairs=-1).encode(),
    "g10-pairs-2-40": lambda: replace(tiny_model(), n_pairs=2**40).encode(),
    "g11-tensors-minus-1": lambda: replace(tiny_model(), n_tensors=-1).encode(),
    "g12-tensors-2-40": lambda: replace(tiny_model(), n_tensors=2**40).encode(),
    "g13-key-length-2-63": lambda: tiny_model().with_raw("x", text("k", 2**63)).encode(),
    "g14-string-beyond-end": lambda: (
        tiny_model().with_raw("x", text("k") + struct.pack("<I", STRING) + text("v", 10**6)).encode()
    ),
    "g15-array-2-62": lambda: (
        tiny_model().with_raw("x", text("k") + struct.pack("<IIQ", ARRAY, U32, 2**62)).encode()
    ),
    "g15-array-of-nothing-2-62": lambda: (
        tiny_model().with_raw("x", text("k") + struct.pack("<IIQ", ARRAY, STRING, 2**62)).encode()
    ),
    "g16-nested-20000": lambda: tiny_model().with_raw("x", _nested(20_000)).encode(),
    "g17-unknown-value-type": lambda: (
        tiny_model().with_raw("x", text("k") + struct.pack("<II", 77, 0)).encode()
    ),
    "g18-duplicate-key": lambda: tiny_model().with_raw("x", pair("general.name", STRING, "again")).encode(),
    "g19-alignment-0": lambda: tiny_model().with_pair("general.alignment", U32, 0).encode(),
    "g19-alignment-13": lambda: tiny_model().with_pair("general.alignment", U32, 13).encode(),
    "g19-alignment-int32": lambda: tiny_model().with_pair("general.alignment", I32, 32).encode(),
    "g19-alignment-2-31": lambda: tiny_model().with_pair("general.alignment", U32, 0x80000000).encode(),
    "g20-unknown-architecture": lambda: (
        tiny_model().with_pair("general.architecture", STRING, "perpetuum").encode()
    ),
    "g20-empty-architecture": lambda: tiny_model().with_pair("general.architecture", STRING, "").encode(),
    "g20-architecture-is-a-number": lambda: tiny_model().with_pair("general.architecture", U32, 7).encode(),
    "g21-nine-dimensions": lambda: tiny_model().with_tensor(0, n_dims=9).encode(),
    "g22-negative-dimension": lambda: tiny_model().with_tensor(1, dims=(-N_EMBD,)).header() + b"\0" * 4096,
    "g23-dimensions-2-32": lambda: tiny_model().with_tensor(0, dims=(2**32,) * 4).header() + b"\0" * 4096,
    "g24-tensor-type-999": lambda: tiny_model().with_tensor(0, kind=999).header() + b"\0" * 4096,
    "g25-offset-2-50": lambda: tiny_model().with_tensor(0, offset=2**50).encode(),
    "g25-offset-2-64": lambda: tiny_model().with_tensor(0, offset=2**64 - ALIGNMENT).encode(),
    "g25-overlapping": lambda: tiny_model().with_tensor(1, offset=0).encode(),
    "g25-unaligned": lambda: tiny_model().with_tensor(1, offset=3).encode(),
    "g26-cut-at-1-percent": lambda: _cut(0.01),
    "g26-cut-at-50-percent": lambda: _cut(0.5),
    "g26-cut-at-99-percent": lambda: _cut(0.99),
    "g26-last-byte-missing": lambda: tiny_model().encode()[:-1],
    "g27-long-tensor-name": lambda: tiny_model().with_tensor(1, name="n" * 200).encode(),
    "g27-duplicate-tensor": lambda: tiny_model().with_tensor(2, name="blk.0.attn_norm.weight").encode(),
    "g28-invalid-key": lambda: tiny_model().with_raw("x", text(_BAD_UTF8, 2**20)).encode(),
    "g29-block-count-10-9": lambda: tiny_model().with_pair("llama.block_count", U32, 10**9).encode(),
    "g29-block-count-513": lambda: tiny_model().with_pair("llama.block_count", U32, 513).encode(),
    "g29-block-count-2": lambda: tiny_model().with_pair("llama.block_count", U32, 2).encode(),
    "g29-head-count-0": lambda: tiny_model().with_pair("llama.attention.head_count", U32, 0).encode(),
    "g29-embedding-0": lambda: tiny_model().with_pair("llama.embedding_length", U32, 0).encode(),
    "g29-no-vocabulary": lambda: (
        tiny_model().with_pair("tokenizer.ggml.tokens", ARRAY, (STRING, [])).encode()
    ),
    "g29-unknown-tokenizer": lambda: tiny_model().with_pair("tokenizer.ggml.model", STRING, "zz").encode(),
    "g35-first-shard-alone": lambda: (
        tiny_model().with_pair("split.count", U16, 3).with_pair("split.no", U16, 0).encode()
    ),
    "g36-projector": lambda: tiny_model().with_pair("general.architecture", STRING, "clip").encode(),
    "g37-pickle": lambda: b"\x80\x04\x95\x1e\x00\x00\x00cposix\nsystem\n." * 10,
    "g37-zip": _zip,
    "g37-safetensors": lambda: (
        struct.pack("<Q", 60) + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    ),
}


def _cut(share: float) -> bytes:
    whole = tiny_model().encode()
    return whole[: int(len(whole) * share)]


def write_all(folder: Path) -> dict[str, Path]:
    """Every malformed file, by its name in the battery."""
    paths: dict[str, Path] = {}
    for name, make in MALFORMED.items():
        paths[name] = folder / f"{name}.gguf"
        paths[name].write_bytes(make())
    return paths
