"""Reads headers in a process of its own, with limits on memory: a crash or a hang here hurts nobody.

Speaks JSON lines: {"path": …, "is_prefix": …} on stdin, {"header": …} or {"error": [title, detail, hint]} on
stdout. It is started without site-packages, so that it is there in a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from steelyard.core.base.errors import AppError
from steelyard.core.gguf.header import read_header, read_prefix

_MEMORY_BYTES = 2 << 30


def main() -> None:
    """Answer until stdin closes."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin.buffer:
        question = json.loads(line)
        answer = json.dumps(_answer(question["path"], question["is_prefix"]), separators=(",", ":"))
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def _answer(path: str, is_prefix: bool) -> dict[str, Any]:
    try:
        header = read_prefix(Path(path)) if is_prefix else read_header(Path(path))
        return {"header": None if header is None else vars(header)}
    except AppError as exc:
        return {"error": [exc.title, exc.detail, exc.hint]}
    except (MemoryError, RecursionError, ValueError, OSError) as exc:
        reason = f"{Path(path).name}: {type(exc).__name__}"
        return {"error": ["These weights cannot be read", reason, "Choose another file."]}


if __name__ == "__main__":
    main()
