"""llama.cpp's grammar format (GBNF): from text to a small machine that `gbnf_match` can walk."""

from __future__ import annotations

from dataclasses import dataclass, field

from steelyard.core.runs.forms.gbnf_nodes import (
    CharSet,
    Choice,
    GrammarError,
    Node,
    Repeat,
    Rule,
    Sequence,
    UncheckableError,
)
from steelyard.core.runs.forms.gbnf_parser import GrammarParser

_MAX_NODES = 200_000
_MAX_LOOKED_THROUGH = 10_000

__all__ = ["GrammarError", "Machine", "UncheckableError", "compile_grammar", "left_recursive_rules"]


@dataclass
class Machine:
    """States by number. One of: a set of characters and where they lead, branches, a call, the end of a rule.

    `entries` are the first states of the rules.
    """

    sets: list[CharSet | None] = field(default_factory=list["CharSet | None"])
    calls: list[str | None] = field(default_factory=list["str | None"])
    targets: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    """Where it goes on; empty at the end of a rule."""
    entries: dict[str, int] = field(default_factory=dict[str, int])
    built: int = 0
    """How many nodes were put in, empty ones and copies included."""

    def count(self) -> None:
        """One more node.

        Raises:
            UncheckableError: there are too many.
        """
        self.built += 1
        if self.built > _MAX_NODES:
            raise UncheckableError("the grammar is too large to be checked")

    def add(self, targets: tuple[int, ...], chars: CharSet | None = None, call: str | None = None) -> int:
        """A new state."""
        self.sets.append(chars)
        self.calls.append(call)
        self.targets.append(targets)
        return len(self.targets) - 1


def compile_grammar(text: str) -> Machine:
    """The machine of a grammar, which begins at the rule `root`.

    Raises:
        GrammarError: a syntax error, or a rule that is missing.
        UncheckableError: it names tokens of a vocabulary, or is too large.
    """
    rules = GrammarParser(text).rules()
    machine = Machine()
    for name, node in rules.items():
        end = machine.add(())
        machine.entries[name] = _build(machine, node, end)
    return machine


def _build(machine: Machine, node: Node, after: int) -> int:
    """Put a node in front of a state; returns its first state."""
    machine.count()
    match node:
        case CharSet():
            return machine.add((after,), chars=node)
        case Rule(name):
            return machine.add((after,), call=name)
        case Sequence(parts):
            for part in reversed(parts):
                after = _build(machine, part, after)
            return after
        case Choice(options):
            return machine.add(tuple(_build(machine, option, after) for option in options))
        case Repeat(part, least, most):
            return _build_repeat(machine, part, least, most, after)


def _build_repeat(machine: Machine, part: Node, least: int, most: int | None, after: int) -> int:
    if most is None:
        loop = machine.add((after,))
        machine.targets[loop] = (_build(machine, part, loop), after)
        after = loop
    else:
        leave = after
        for _ in range(most - least):
            after = machine.add((_build(machine, part, after), leave))
    for _ in range(least):
        after = _build(machine, part, after)
    return after


def left_recursive_rules(machine: Machine) -> list[str]:
    """Rules that can come to themselves without a character between, or to one that does: engines refuse
    them. Empty, too, for a grammar that is too large to be looked through.
    """
    if machine.built > _MAX_LOOKED_THROUGH:
        return []
    empty: set[str] = set()
    while True:
        found = {name: _first_calls(machine, name, empty) for name in machine.entries}
        grown = {name for name, (_, can_be_empty) in found.items() if can_be_empty}
        if grown == empty:
            break
        empty = grown
    open_calls = {name: calls for name, (calls, _) in found.items()}
    while ends := [name for name, calls in open_calls.items() if not calls & open_calls.keys()]:
        for name in ends:
            del open_calls[name]
    return list(open_calls)


def _first_calls(machine: Machine, name: str, empty: set[str]) -> tuple[set[str], bool]:
    """The rules that a rule may begin with, and whether it may be nothing at all."""
    calls: set[str] = set()
    can_be_empty = False
    work = [machine.entries[name]]
    seen: set[int] = set()
    while work:
        state = work.pop()
        if state in seen or machine.sets[state] is not None:
            continue
        seen.add(state)
        called = machine.calls[state]
        if called is not None:
            calls.add(called)
        if called is None or called in empty:
            work.extend(machine.targets[state])
        can_be_empty = can_be_empty or not machine.targets[state]
    return calls, can_be_empty
