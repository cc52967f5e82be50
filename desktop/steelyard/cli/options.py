"""`--json` and `--home DIR`, which are accepted anywhere on the line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Common:
    """Options that every command has."""

    is_json: bool = False
    home: str | None = None
    lacks_home_value: bool = False


def as_text(word: str) -> str:
    """A word from the terminal; bytes that are not valid UTF-8 are replaced."""
    return word.encode("utf-8", "replace").decode()


def split_common(words: list[str]) -> tuple[Common, list[str]]:
    """Take the common options out of the words; what follows `--` is left alone."""
    rest: list[str] = []
    is_json, home, lacks_value = False, None, False
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word == "--":
            rest += [word, *words[position:]]
            break
        if word == "--json":
            is_json = True
        elif word == "--home":
            lacks_value = position >= len(words)
            home = words[position] if not lacks_value else None
            position += 1
        elif word.startswith("--home="):
            home = word.removeprefix("--home=")
        else:
            rest.append(as_text(word))
    return Common(is_json, home, lacks_value), rest
