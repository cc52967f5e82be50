"""Checks one answer in a process of its own, with limits on memory, and is ended when it takes too long.

A short schema can ask for more work than there is time, and the check would hold up everything else. Reads
{"form": …, "text": …, "max_steps": …} from stdin, writes [is_valid, detail].
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))

from steelyard.core.runs.forms.check import check_form

_MEMORY_BYTES = 2 << 30


def main() -> None:
    """Answer one question."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    question = json.load(sys.stdin.buffer)
    verdict = check_form(question["form"], question["text"], question["max_steps"])
    sys.stdout.write(json.dumps(verdict))


if __name__ == "__main__":
    main()
