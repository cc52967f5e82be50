"""Reads the header of a GGUF file (v2, v3): metadata, tensor sizes. Hostile files are refused, never trusted.

Format: ggml's docs/gguf.md. Nothing is allocated from a length that the file claims before it is checked
against the bytes that are there.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import shown

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"GGUF"
_FIRST_READ_BYTES = 4 << 20
# Several times what the largest published models have (about 20 MiB, 300,000 tokens, 3,000 tensors).
_MAX_HEADER_BYTES = 64 << 20
_MAX_TEXT_BYTES = 16 << 20
_MAX_ELEMENTS = 2_000_000
_MAX_KEYS = 65_536
_MAX_TENSORS = 65_536
_MAX_KEY_BYTES = 65_535
_MAX_DIMENSIONS = 4
_MAX_ARRAY_DEPTH = 4
_MAX_KEPT_TEXT = 4096
_STRING, _ARRAY = 8, 9
_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_DEFAULT_ALIGNMENT = 32

# ggml type number -> (weights per block, bytes per block); ggml.h and ggml-common.h.
_BLOCKS: dict[int, tuple[int, int]] = {
    **{0: (1, 4), 1: (1, 2), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2)},
    **{
        2: (32, 18),
        3: (32, 20),
        6: (32, 22),
        7: (32, 24),
        8: (32, 34),
        9: (32, 36),
        20: (32, 18),
        39: (32, 17),
    },
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292)},
    **{
        16: (256, 66),
        17: (256, 74),
        18: (256, 98),
        19: (256, 50),
        21: (256, 110),
        22: (256, 82),
        23: (256, 136),
    },
    **{29: (256, 56), 34: (256, 54), 35: (256, 66), 40: (64, 36)},
}
# general.file_type -> quant; llama.h, enum llama_ftype.
_QUANTS = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S"},
    **{12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K"},
    **{19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL"},
    **{26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16"},
    **{36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4"},
}


@dataclass(frozen=True)
class GgufHeader:
    """What the header says. `data_end` is the smallest file size that holds every tensor, bytes."""

    metadata: dict[str, Any]
    parameters: int
    tensor_count: int
    header_bytes: int
    data_end: int

    @property
    def architecture(self) -> str | None:
        """Name of the architecture, such as `llama`."""
        value = self.metadata.get("general.architecture")
        return value if isinstance(value, str) else None

    @property
    def quant(self) -> str | None:
        """Name of the quantisation, such as `Q4_K_M`."""
        value = self.metadata.get("general.file_type")
        return _QUANTS.get(value) if isinstance(value, int) else None

    @property
    def context_length(self) -> int | None:
        """Longest context that the model was made for, tokens."""
        value = self.metadata.get(f"{self.architecture}.context_length")
        return value if isinstance(value, int) and 0 < value < 1 << 40 else None


class _OutOfData(Exception):
    pass


def _no_file(path: Path) -> str:
    if path.is_dir():
        return "it is a folder; name a file in it"
    return "it is not a regular file" if path.exists() else "it does not exist"


def read_header(path: Path) -> GgufHeader:
    """Read and check the header of a file on disk, and that the file is as long as its tensors need.

    Raises:
        AppError: unreadable, no GGUF file, a version that is not known, damaged, or cut off.
    """
    try:
        if not path.is_file():
            raise AppError(
                "These weights cannot be read", f"{shown(path)}: {_no_file(path)}", "Check the path."
            )
        size = path.stat().st_size
        header = _read_growing(path, size)
    except OSError as exc:
        raise AppError(
            "These weights cannot be read", f"{shown(path)}: {exc.strerror}", "Check path and permissions."
        ) from exc
    if header.data_end > size:
        raise AppError(
            "These weights are cut off",
            f"{shown(path)} has {size} bytes, its tensors need {header.data_end}",
            "Get the file again.",
        )
    return header


def _read_growing(path: Path, size: int) -> GgufHeader:
    with path.open("rb") as file:
        data = file.read(_FIRST_READ_BYTES)
        while True:
            try:
                return parse_header(data)
            except _OutOfData:
                if len(data) >= min(size, _MAX_HEADER_BYTES):
                    raise _damaged(path, "it ends inside its header") from None
                data += file.read(len(data))
            except ValueError as exc:
                raise _damaged(path, str(exc)) from exc


def parse_header(data: bytes) -> GgufHeader:
    """Parse the header out of the first bytes of a file.

    Raises:
        ValueError: it is no valid header.
        Exception: an internal one when `data` ends too early.
    """
    if data[:4] != _MAGIC:
        raise ValueError(_what_it_is(data))
    reader = _Reader(data, 4)
    version = reader.scalar("<I")
    if version and version & 0xFFFF == 0:
        raise ValueError("it is a big-endian GGUF file")
    if version not in (2, 3):
        raise ValueError(f"GGUF version {version} is not known here")
    tensor_count, key_count = reader.scalar("<Q"), reader.scalar("<Q")
    if tensor_count > _MAX_TENSORS or key_count > _MAX_KEYS:
        raise ValueError("it claims an absurd number of tensors or keys")
    metadata: dict[str, Any] = {}
    for _ in range(key_count):
        key = reader.text(_MAX_KEY_BYTES)
        if key in metadata:
            raise ValueError("a metadata key stands twice")
        metadata[key] = reader.value(reader.scalar("<I"), 0)
    alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1) or alignment > 1 << 20:
        raise ValueError("its alignment is no power of two")
    parameters, data_bytes = _read_tensors(reader, tensor_count)
    start = -(-reader.at // alignment) * alignment
    return GgufHeader(
        metadata, parameters, tensor_count, reader.at, start + data_bytes if tensor_count else reader.at
    )


def _read_tensors(reader: _Reader, count: int) -> tuple[int, int]:
    parameters = end = 0
    for _ in range(count):
        reader.text(_MAX_KEY_BYTES)
        dimension_count = reader.scalar("<I")
        if dimension_count > _MAX_DIMENSIONS:
            raise ValueError("a tensor has too many dimensions")
        weights = math.prod(reader.scalar("<Q") for _ in range(dimension_count))
        kind, offset = reader.scalar("<I"), reader.scalar("<Q")
        if kind not in _BLOCKS:
            raise ValueError(f"tensor type {kind} is not known here")
        per_block, block_bytes = _BLOCKS[kind]
        parameters += weights
        end = max(end, offset + -(-weights // per_block) * block_bytes)
    return parameters, end


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._elements = 0
        self.at = at

    def scalar(self, layout: str) -> Any:
        try:
            (value,) = struct.unpack_from(layout, self._data, self.at)
        except struct.error:
            raise _OutOfData from None
        self.at += struct.calcsize(layout)
        return value

    def text(self, limit: int) -> str:
        start, length = self._text_span()
        if length > limit:
            raise ValueError("a name in it is absurdly long")
        return self._data[start : start + length].decode("utf-8", "replace")

    def value(self, kind: int, depth: int) -> Any:
        """A scalar or the head of a text; arrays are skipped."""
        if kind in _SCALARS:
            return self.scalar(_SCALARS[kind])
        if kind == _STRING:
            start, length = self._text_span()
            return self._data[start : start + min(length, _MAX_KEPT_TEXT)].decode("utf-8", "replace")
        if kind == _ARRAY and depth < _MAX_ARRAY_DEPTH:
            self._skip_array(depth)
            return None
        raise ValueError("a metadata value has an unknown type")

    def _skip_array(self, depth: int) -> None:
        kind, count = self.scalar("<I"), self.scalar("<Q")
        if kind in _SCALARS:
            self._skip(struct.calcsize(_SCALARS[kind]) * count)
            return
        self._elements += count
        if self._elements > _MAX_ELEMENTS:
            raise ValueError("it claims an absurd number of array elements")
        if kind == _STRING:
            for _ in range(count):
                self._text_span()
        else:
            for _ in range(count):
                self.value(kind, depth + 1)

    def _text_span(self) -> tuple[int, int]:
        length = self.scalar("<Q")
        if length > _MAX_TEXT_BYTES:
            raise ValueError("a text in it is absurdly long")
        start = self.at
        self._skip(length)
        return start, length

    def _skip(self, count: int) -> None:
        if count > _MAX_HEADER_BYTES:
            raise ValueError("a length in it is absurd")
        if self.at + count > len(self._data):
            raise _OutOfData
        self.at += count


def _what_it_is(data: bytes) -> str:
    start = data[:200].lstrip().lower()
    if not data:
        return "it is empty"
    if start.startswith((b"<!doctype", b"<html")):
        return "it is an HTML page, not a GGUF file"
    if start.startswith(b"version https://git-lfs"):
        return "it is a git-lfs pointer, not the weights themselves"
    return "it is not a GGUF file"


def _damaged(path: Path, reason: str) -> AppError:
    return AppError(
        "These weights cannot be used", f"{shown(path)}: {reason}", "Choose another file, or get it again."
    )
