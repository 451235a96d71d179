"""Words for people: how problems count, list and shorten what they found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from openhcs_host.contracts.microscopes import Channel

__all__ = ["EXAMPLES", "Findings", "counted", "listed", "numbered", "ranges", "shared_names", "shown"]

EXAMPLES = 5
"""How many examples a sentence names before it only counts."""
_LONGEST = 160


def shown(text: object) -> str:
    """Return a path or a value from a file, quoted, on one line and of bounded length.

    ``repr`` keeps line breaks and bytes that are no text from reaching a terminal.
    """
    quoted = repr(str(text))
    return quoted if len(quoted) <= _LONGEST else f"{quoted[: _LONGEST - 2]}…'"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Return ``1 plane`` or ``3 planes``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def listed(items: Iterable[str], total: int | None = None) -> str:
    """Join a few items with commas and count the rest: ``a, b, c, d, e and 7 more``."""
    parts = list(items)
    number = len(parts) if total is None else total
    text = ", ".join(parts[:EXAMPLES])
    rest = number - min(len(parts), EXAMPLES)
    return f"{text} and {rest} more" if rest > 0 else text


def ranges(numbers: Iterable[int]) -> str:
    """Write numbers as ranges: ``1, 2, 4..9``; a long list is cut like every other."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return listed(
        text
        for low, high in parts
        for text in (
            [f"{low}..{high}"] if high > low + 1 else [str(number) for number in range(low, high + 1)]
        )
    )


def numbered(what: str, numbers: Iterable[int]) -> str:
    """Return ``channel 4`` or ``channels 1..3``."""
    distinct = set(numbers)
    return f"{what if len(distinct) == 1 else what + 's'} {ranges(distinct)}"


def shared_names(channels: Mapping[int, Channel]) -> Iterator[str]:
    """Yield a sentence for each name that several channels have."""
    for name in dict.fromkeys(channel.name for channel in channels.values()):
        sharing = [number for number, channel in channels.items() if channel.name == name]
        if name is not None and len(sharing) > 1:
            yield f"{numbered('channel', sharing)} share the name {shown(name)}"


@attrs.define
class Findings:
    """Counts what is strange by sort, and keeps the first few examples of each."""

    _counts: dict[str, int] = attrs.field(factory=dict)
    _examples: dict[str, list[str]] = attrs.field(factory=dict)

    def add(self, sort: str, example: str) -> None:
        """Count one more of ``sort``."""
        self._counts[sort] = self._counts.get(sort, 0) + 1
        examples = self._examples.setdefault(sort, [])
        if len(examples) < EXAMPLES:
            examples.append(example)

    def count(self, sort: str) -> int:
        """Return how many of ``sort`` were found."""
        return self._counts.get(sort, 0)

    def examples(self, sort: str) -> str:
        """Return the examples of ``sort`` and how many more there are."""
        return listed(self._examples.get(sort, ()), self.count(sort))

    def sentences(self, texts: Mapping[str, str]) -> list[str]:
        """Return ``text: examples`` for each sort of ``texts`` that was found."""
        return [f"{text}: {self.examples(sort)}" for sort, text in texts.items() if self.count(sort)]
