"""The special outputs of one well, staged in the memory backend until the well has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openhcs_host import Backend, FileManager
from openhcs_host.contracts.images import Coordinates
from openhcs_host.errors import PipelineError
from openhcs_pipeline.components import Component
from openhcs_pipeline.special import SpecialInput, SpecialOutput

__all__ = ["StagedSpecials"]


class StagedSpecials:
    """Values under planned paths, ``<place>/<name>/s001_w1_t001``, and which stacks they came from.

    Whoever takes a value gets a copy: a function may write to what it is given, and what it returned
    before stays what it was.
    """

    def __init__(self, files: FileManager, place: str) -> None:
        self._files, self._place = files, place
        self._made: dict[str, dict[str, SpecialOutput]] = {}  # name to path to where it is from

    def put(self, name: str, stack: Sequence[Coordinates], stacked: Sequence[Component], value: Any) -> None:
        """Stage what was made of a stack."""
        first = stack[0]
        fixed = {c.value: None if c in stacked else c.of(first) for c in Component if c is not Component.WELL}
        origin = SpecialOutput(well=first.well, value=None, **fixed)  # type: ignore[arg-type]
        path = f"{self._place}/{name}/{origin.stack_name or 'well'}"
        self._files.save(value, path, Backend.MEMORY)
        if not _is_immutable(value):
            # The function may still hold the object, and the image returned with it may share its memory.
            self._files.save(self._load(path), path, Backend.MEMORY, overwrite=True)
        self._made.setdefault(name, {})[path] = origin

    def take(self, wanted: SpecialInput, stack: Sequence[Coordinates]) -> Any:
        """Return what a function that is called with ``stack`` gets for a special input.

        Raises ``PipelineError`` where no value, or more than one, belongs to the stack.
        """
        if wanted.scope == "well":
            return self.all(wanted.name)
        made = self._made.get(wanted.name, {})
        paths = list(made)
        if len(paths) > 1:
            paths = [path for path, origin in made.items() if any(origin.is_of(plane) for plane in stack)]
        if len(paths) == 1:
            return self._load(paths[0])
        there = ", ".join(origin.stack_name for origin in made.values()) or "none"
        raise PipelineError(
            f"{len(paths)} values of special input {wanted.name!r} belong to this stack, and one must. The well has "
            f"those of the stacks {there}. Stack the same components in both steps, or take all values of "
            f'the well with @special_inputs(("{wanted.name}", "well"))'
        )

    def all(self, name: str) -> list[SpecialOutput]:
        """Return every value of a name with the stack it came from, in the order of the stacks."""
        return [
            SpecialOutput(o.well, o.site, o.channel, o.z_index, o.timepoint, self._load(path))
            for path, o in self._made.get(name, {}).items()
        ]

    def _load(self, path: str) -> Any:
        return self._files.load(path, Backend.MEMORY, copy=True)


def _is_immutable(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str | bytes)
