"""Weights on this machine: what lies where, whether it is what it should be, and what it holds."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.row import Row

Verification = Literal["verified", "no_reference", "pending", "mismatch"]
Source = Literal["hub", "huggingface-cache", "lm-studio", "ollama", "llama.cpp", "file", "starter"]
WeightsKind = Literal["model", "mmproj", "lora"]


class WeightsRow(Row, frozen=True):
    """Weights that lie on this machine: one GGUF file, or a split set under the name of its first part.

    `sha256` is None until the file was hashed. `parts` are the paths of a split set (empty for one file),
    `missing_parts` the names of those that are not there. `mmproj` is the projector that belongs to a model.
    """

    name: str
    path: str
    repo: str | None
    revision: str | None
    sha256: str | None
    verified: bool
    verification: Verification
    size_bytes: int
    quant: str | None
    architecture: str | None
    parameters: int | None
    context_length: int | None
    source: Source
    kind: WeightsKind = "model"
    parts: list[str] = []
    missing_parts: list[str] = []
    mmproj: str | None = None
    licence: str | None = None
    tokenizer: str | None = None
    chat_template_sha256: str | None = None
    layers: int | None = None
    modified_at: str | None = None


class UnusableFile(Row, frozen=True):
    """A GGUF file that was found but cannot be used, and why."""

    path: str
    reason: str


class Place(Row, frozen=True):
    """A folder (or file) that is looked through for weights."""

    path: str
    source: Source
    is_added: bool
    """The user added it, and can remove it; the others are where known tools keep their weights."""
    exists: bool
    files: int
    size_bytes: int


class Shelf(Row, frozen=True):
    """All weights on this machine. `weights` are models; the starter comes first."""

    weights: list[WeightsRow]
    mmproj: list[WeightsRow] = []
    lora: list[WeightsRow] = []
    unusable: list[UnusableFile] = []
    places: list[Place] = []


class BadFile(Row, frozen=True):
    """A file whose content is not what it should be."""

    name: str
    expected: str
    found: str | None


class VerifyReport(Row, frozen=True):
    """Result of hashing files. `checked` counts files that were hashed."""

    checked: int
    bad: list[BadFile]


class Removal(Row, frozen=True):
    """What removing weights does (or did): `freed_bytes` go, `paths` are deleted or forgotten.

    `note` says what else the user should know, such as that the cache is shared with other tools.
    """

    name: str
    freed_bytes: int
    paths: list[str]
    deletes_files: bool
    note: str
