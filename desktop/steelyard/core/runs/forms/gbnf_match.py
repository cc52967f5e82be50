"""Whether a whole text follows a grammar: all ways through it at once, character by character."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.runs.forms.gbnf import Machine


class TooMuchWork(ValueError):
    """The text could not be checked within the bound."""


@dataclass(frozen=True)
class Followed:
    """The result. `at_char`: so far the text follows the grammar. `is_short`: it ended before the grammar."""

    is_whole: bool
    at_char: int
    is_short: bool = False


@dataclass(eq=False)
class _Frame:
    """A rule that was entered at a position, and all the places that it returns to."""

    position: int
    returns: set[tuple[int, _Frame]] = field(default_factory=set["tuple[int, _Frame]"])


def follow(machine: Machine, text: str, max_steps: int) -> Followed:
    """Walk the whole text. Calls share their frames, so that nesting costs no stack and no way twice.

    Raises:
        TooMuchWork: it takes more than `max_steps`.
    """
    walk = _Walk(machine, max_steps)
    states = [(machine.entries["root"], walk.outermost)]
    for position, char in enumerate(text):
        states = walk.step(states, position, char)
        if not states:
            return Followed(is_whole=False, at_char=position)
    walk.step(states, len(text), "")
    return Followed(is_whole=walk.is_over, at_char=len(text), is_short=not walk.is_over)


class _Walk:
    def __init__(self, machine: Machine, max_steps: int) -> None:
        self._machine = machine
        self._left = max_steps
        self.outermost = _Frame(-1)
        self.is_over = False
        """Whether the grammar could end after the last step."""

    def step(self, states: list[tuple[int, _Frame]], position: int, char: str) -> list[tuple[int, _Frame]]:
        """All states after one more character."""
        machine = self._machine
        self.is_over = False
        seen: set[tuple[int, _Frame]] = set()
        entered: dict[str, _Frame] = {}
        left: set[_Frame] = set()
        after: list[tuple[int, _Frame]] = []
        work = states
        while work:
            here = work.pop()
            if here in seen:
                continue
            seen.add(here)
            self._spend(1)
            state, frame = here
            targets = machine.targets[state]
            if (chars := machine.sets[state]) is not None:
                if char and chars.has(char):
                    after.append((targets[0], frame))
            elif (name := machine.calls[state]) is not None:
                if name not in entered:
                    entered[name] = _Frame(position)
                    work.append((machine.entries[name], entered[name]))
                self._enter(entered[name], targets[0], frame, position, work, left)
            elif targets:
                work.extend((target, frame) for target in targets)
            else:
                left.add(frame)
                self.is_over = self.is_over or frame is self.outermost
                self._spend(len(frame.returns))
                work.extend(frame.returns)
        return after

    def _enter(
        self,
        called: _Frame,
        back: int,
        frame: _Frame,
        position: int,
        work: list[tuple[int, _Frame]],
        left: set[_Frame],
    ) -> None:
        """Note where a call returns to; a rule that has ended here already returns at once."""
        is_last = not self._machine.targets[back]
        if is_last and frame is called:
            return  # ending it would lead to its own end
        if is_last and frame.position != position and frame is not self.outermost:
            # The last thing of a rule returns to where the rule itself would: lists by recursion stay cheap.
            new = frame.returns - called.returns
            self._spend(len(frame.returns))
        else:
            new = {(back, frame)} - called.returns
        called.returns |= new
        if called in left:
            work.extend(new)

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooMuchWork("checking it takes too long")
