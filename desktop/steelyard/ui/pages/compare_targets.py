"""What a column says about whom it asks, before and after an answer. No Qt here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from steelyard.ui.widgets.facts_format import file_size

if TYPE_CHECKING:
    from steelyard.core.values.run import TargetInfo
    from steelyard.core.values.targets import TargetRow
    from steelyard.core.values.weights import WeightsRow

STARTER = "starter"
_SHA_CHARS = 8
_KEYS = {
    "env": "key from ${}",
    "keyring": "key in the keyring",
    "memory": "key until the app closes",
    "none": "no key",
}


@dataclass(frozen=True)
class TargetRef:
    """A target as columns and lists show it; `target` is the name that the engine knows."""

    target: str
    kind: Literal["local", "api"]
    title: str
    quant: str = ""
    detail: str = ""
    """Second line of the column's header, after the word Local or API."""
    hint: str = ""
    """Right side of a list row: size or key."""
    path: str = ""

    def serves(self, weights: str) -> bool:
        """Whether a server's weights are these."""
        return self.kind == "local" and weights in {self.target, self.path}


def from_weights(row: WeightsRow) -> TargetRef:
    """Weights on this machine."""
    parts = [file_size(row.size_bytes), *([f"sha {row.sha256[:_SHA_CHARS]}"] if row.sha256 else [])]
    return TargetRef(
        target=row.name,
        kind="local",
        title=bare_title(Path(row.path).stem, row.quant),
        quant=row.quant or "",
        detail=" · ".join(["llama.cpp", *parts]),
        hint=file_size(row.size_bytes),
        path=row.path,
    )


def from_api(row: TargetRow) -> TargetRef:
    """A configured API."""
    host = urlsplit(row.url).hostname or row.url
    return TargetRef(
        target=row.name,
        kind="api",
        title=row.name,
        detail=f"{host} · {row.model}",
        hint=_KEYS[row.key].format(row.key_env or "") if row.key == "env" else _KEYS[row.key],
    )


def from_info(info: TargetInfo, known: TargetRef | None = None) -> TargetRef:
    """Who really answered, with what was known before filling the gaps."""
    if info.kind == "api":
        host = info.endpoint_host or ""
        title = known.title if known else info.name
        return TargetRef(info.name, "api", title, "", " · ".join(p for p in (host, info.model) if p))
    weights, engine = info.weights, info.engine
    quant = (weights.quant if weights else "") or (known.quant if known else "")
    parts = ["llama.cpp"]
    if engine is not None:
        parts = [f"llama.cpp {engine.build} {engine.backend}".strip()]
    if weights is not None and weights.sha256:
        parts.append(f"sha {weights.sha256[:_SHA_CHARS]}")
    title = known.title if known else bare_title(info.model, quant)
    path = known.path if known else ""
    return TargetRef(info.name, "local", title, quant or "", " · ".join(parts), "", path)


def unknown_ref(target: str) -> TargetRef:
    """A target of a stored comparison that is no longer configured."""
    return TargetRef(target, "local", target, detail="no longer listed")


def bare_title(stem: str, quant: str | None) -> str:
    """A file's name without the quant, which has a chip of its own."""
    if not quant:
        return stem
    return re.sub(rf"[-._]?{re.escape(quant)}$", "", stem, flags=re.IGNORECASE) or stem
