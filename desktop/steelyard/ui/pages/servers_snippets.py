"""How another program talks to a server: for the OpenAI SDK, for curl, as environment. No Qt here."""

from __future__ import annotations

import json
import shlex
from typing import Literal

SnippetKind = Literal["sdk", "curl", "env"]
KINDS: tuple[tuple[SnippetKind, str], ...] = (("sdk", "OpenAI SDK"), ("curl", "curl"), ("env", "env"))
KEY_VARIABLE = "STEELYARD_KEY"
"""The environment variable that a client's key is read from: no key stands in what is copied."""


def snippet(kind: SnippetKind, base_url: str, model: str) -> str:
    """Text to paste, ending without a line break."""
    match kind:
        case "sdk":
            return (
                "import os\n"
                "from openai import OpenAI\n"
                f'client = OpenAI(base_url={json.dumps(base_url)}, api_key=os.environ["{KEY_VARIABLE}"])\n'
                f"answer = client.chat.completions.create(model={json.dumps(model, ensure_ascii=False)}, "
                'messages=[{"role": "user", "content": "Say hello"}])'
            )
        case "curl":
            body = {"model": model, "messages": [{"role": "user", "content": "Say hello"}]}
            return (
                f"curl {shlex.quote(base_url + '/chat/completions')} \\\n"
                f'  -H "Authorization: Bearer ${KEY_VARIABLE}" -H "Content-Type: application/json" \\\n'
                f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
            )
        case _:
            return (
                f"export OPENAI_BASE_URL={shlex.quote(base_url)}\n"
                f'export OPENAI_API_KEY="${KEY_VARIABLE}"\n'
                f"export OPENAI_MODEL={shlex.quote(model)}"
            )
