"""Reads the header of a GGUF file (v2, v3): metadata, tensor sizes. Hostile files are refused, never trusted.

Format: ggml's docs/gguf.md. Nothing is allocated from a length that the file claims before it is checked
against the bytes that are there.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import shown
from steelyard.core.gguf.quants import FILE_TYPES

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"GGUF"
_FIRST_READ_BYTES = 256 << 10
_GROWTH = 7  # the next try has eight times as much
# Several times what the largest published models have (about 20 MiB, 300,000 tokens, 3,000 tensors).
MAX_HEADER_BYTES = 64 << 20
_MAX_TEXT_BYTES = 16 << 20
_MAX_ELEMENTS = 2_000_000
_MAX_KEYS = 65_536
_MAX_TEMPLATE_BYTES = 256 << 10
_MAX_TENSORS = 65_536
_MAX_KEY_BYTES = 65_535
_MAX_DIMENSIONS = 4
_MAX_ARRAY_DEPTH = 4
_MAX_KEPT_TEXT = 4096
_MAX_KEPT_NUMBERS = 4096
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
_COUNT = struct.Struct("<Q")
_LAYER = re.compile(r"blk\.\d{1,5}(?=\.)")

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


@dataclass(frozen=True)
class GgufHeader:
    """What the header says. Sizes in bytes; `data_end` is the smallest file size that holds every tensor.

    `metadata` has scalars, heads of texts and short arrays of numbers; long arrays are left out (None).
    `tensor_bytes` sums up the tensors: those of layer n under `blk.n`, others under their own name.
    """

    metadata: dict[str, Any]
    parameters: int
    tensor_count: int
    header_bytes: int
    data_start: int
    data_end: int
    tensor_bytes: dict[str, int]
    vocabulary: int | None
    chat_template_sha256: str | None
    chat_template: str | None = None
    """None also where it is longer than any sensible one."""

    @property
    def architecture(self) -> str | None:
        """Name of the architecture, such as `llama`."""
        return self.text("general.architecture")

    @property
    def quant(self) -> str | None:
        """Name of the quantisation, such as `Q4_K_M`."""
        value = self.metadata.get("general.file_type")
        return FILE_TYPES.get(value) if isinstance(value, int) else None

    @property
    def context_length(self) -> int | None:
        """Longest context that the model was made for, tokens."""
        return self.count("context_length", 1 << 40)

    @property
    def layers(self) -> int | None:
        """Blocks of the model, without the output layer."""
        return self.count("block_count", 1 << 16)

    @property
    def kind(self) -> Literal["model", "mmproj", "lora"]:
        """A projector for images or sound, an adapter, or a model."""
        general_type = self.metadata.get("general.type")
        if general_type == "adapter" or self.metadata.get("adapter.type") is not None:
            return "lora"
        return "mmproj" if general_type == "mmproj" or self.architecture == "clip" else "model"

    def text(self, key: str) -> str | None:
        """A metadata text; None if there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def count(self, key: str, limit: int) -> int | None:
        """A positive number of the architecture's own keys, below `limit`; None for anything else."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        return value if 0 < value < limit else None


class NeedMoreData(Exception):
    """The bytes end inside the header."""


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


def read_prefix(path: Path) -> GgufHeader | None:
    """The header out of the beginning of a file; None if it needs more of it. Nothing is said of its data.

    Raises:
        AppError: it cannot be the beginning of a GGUF file.
    """
    try:
        return parse_header(path.read_bytes()[:MAX_HEADER_BYTES])
    except NeedMoreData:
        return None
    except ValueError as exc:
        raise _damaged(path, str(exc)) from exc
    except OSError as exc:
        raise AppError(
            "These weights cannot be read", f"{shown(path)}: {exc.strerror}", "Try again."
        ) from exc


def _read_growing(path: Path, size: int) -> GgufHeader:
    with path.open("rb") as file:
        data = file.read(_FIRST_READ_BYTES)
        while True:
            try:
                return parse_header(data)
            except NeedMoreData:
                if len(data) >= min(size, MAX_HEADER_BYTES):
                    raise _damaged(path, "it ends inside its header") from None
                data += file.read(_GROWTH * len(data))
            except ValueError as exc:
                raise _damaged(path, str(exc)) from exc


def parse_header(data: bytes) -> GgufHeader:
    """Parse the header out of the first bytes of a file.

    Raises:
        ValueError: it is no valid header.
        NeedMoreData: `data` ends too early.
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
    vocabulary = template = None
    for _ in range(key_count):
        key = reader.text(_MAX_KEY_BYTES)
        if key in metadata:
            raise ValueError("a metadata key stands twice")
        kind, at = reader.scalar("<I"), reader.at
        metadata[key] = reader.value(kind, 0)
        if key == "tokenizer.ggml.tokens" and kind == _ARRAY:
            vocabulary = reader.array_count(at)
        elif key == "tokenizer.chat_template" and kind == _STRING:
            template = reader.bytes_of_text(at)
    alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1) or alignment > 1 << 20:
        raise ValueError("its alignment is no power of two")
    table = _read_tensors(reader, tensor_count)
    start = -(-reader.at // alignment) * alignment if tensor_count else reader.at
    return GgufHeader(
        metadata=metadata,
        parameters=table.parameters,
        tensor_count=tensor_count,
        header_bytes=reader.at,
        data_start=start,
        data_end=start + table.end,
        tensor_bytes=table.sizes,
        vocabulary=vocabulary,
        chat_template_sha256=None if template is None else hashlib.sha256(template).hexdigest(),
        chat_template=_text_of(template),
    )


def _text_of(template: bytes | None) -> str | None:
    if template is None or len(template) > _MAX_TEMPLATE_BYTES:
        return None
    return template.decode("utf-8", "replace")


@dataclass
class _TensorTable:
    parameters: int = 0
    end: int = 0
    sizes: dict[str, int] = field(default_factory=dict[str, int])


def _read_tensors(reader: _Reader, count: int) -> _TensorTable:
    table = _TensorTable()
    for _ in range(count):
        name = reader.text(_MAX_KEY_BYTES)
        dimension_count = reader.scalar("<I")
        if dimension_count > _MAX_DIMENSIONS:
            raise ValueError("a tensor has too many dimensions")
        weights = math.prod(reader.scalar("<Q") for _ in range(dimension_count))
        kind, offset = reader.scalar("<I"), reader.scalar("<Q")
        if kind not in _BLOCKS:
            raise ValueError(f"tensor type {kind} is not known here")
        per_block, block_bytes = _BLOCKS[kind]
        size = -(-weights // per_block) * block_bytes
        group = match.group(0) if (match := _LAYER.match(name)) else name[:64]
        table.parameters += weights
        table.sizes[group] = table.sizes.get(group, 0) + size
        table.end = max(table.end, offset + size)
    return table


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._elements = 0
        self.at = at

    def scalar(self, layout: str) -> Any:
        try:
            (value,) = struct.unpack_from(layout, self._data, self.at)
        except struct.error:
            raise NeedMoreData from None
        self.at += struct.calcsize(layout)
        return value

    def text(self, limit: int) -> str:
        start, length = self._text_span()
        if length > limit:
            raise ValueError("a name in it is absurdly long")
        return self._data[start : start + length].decode("utf-8", "replace")

    def value(self, kind: int, depth: int) -> Any:
        """A scalar, the head of a text, a short array of numbers; None for other arrays."""
        if kind in _SCALARS:
            return self.scalar(_SCALARS[kind])
        if kind == _STRING:
            start, length = self._text_span()
            return self._data[start : start + min(length, _MAX_KEPT_TEXT)].decode("utf-8", "replace")
        if kind == _ARRAY and depth < _MAX_ARRAY_DEPTH:
            return self._array(depth)
        raise ValueError("a metadata value has an unknown type")

    def array_count(self, at: int) -> int:
        """Elements of the array value that begins at `at`."""
        return int(_COUNT.unpack_from(self._data, at + 4)[0])

    def bytes_of_text(self, at: int) -> bytes:
        """The whole text value that begins at `at`."""
        (length,) = _COUNT.unpack_from(self._data, at)
        return self._data[at + 8 : at + 8 + length]

    def _array(self, depth: int) -> list[Any] | None:
        """A short array of numbers; all others are skipped."""
        kind, count = self.scalar("<I"), self.scalar("<Q")
        if kind in _SCALARS:
            start = self.at
            self._skip(struct.calcsize(_SCALARS[kind]) * count)
            if count > _MAX_KEPT_NUMBERS:
                return None
            return list(struct.unpack_from(f"<{count}{_SCALARS[kind][1]}", self._data, start))
        self._elements += count
        if self._elements > _MAX_ELEMENTS:
            raise ValueError("it claims an absurd number of array elements")
        if kind == _STRING:
            self._skip_texts(count)
        else:
            for _ in range(count):
                self.value(kind, depth + 1)
        return None

    def _skip_texts(self, count: int) -> None:
        """Half a million of them stand in a large vocabulary: the one loop here that has to be quick."""
        unpack, data, at = _COUNT.unpack_from, self._data, self.at
        is_within = True
        try:
            for _ in range(count):
                at += 8 + unpack(data, at)[0]
        except (struct.error, OverflowError):
            is_within = False
        if at > MAX_HEADER_BYTES:
            raise ValueError("a text in it is absurdly long")
        if not is_within or at > len(data):
            raise NeedMoreData
        self.at = at

    def _text_span(self) -> tuple[int, int]:
        length = self.scalar("<Q")
        if length > _MAX_TEXT_BYTES:
            raise ValueError("a text in it is absurdly long")
        start = self.at
        self._skip(length)
        return start, length

    def _skip(self, count: int) -> None:
        if count > MAX_HEADER_BYTES:
            raise ValueError("a length in it is absurd")
        if self.at + count > len(self._data):
            raise NeedMoreData
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
