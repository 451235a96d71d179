"""What a plan will do, as facts that can be printed: steps, conversions and their cost, sizes, places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs

from openhcs_host import FileManager, Host, plan_conversion
from openhcs_host.contracts.images import Coordinates
from openhcs_host.errors import ArrayError
from openhcs_pipeline.arrays import memory_types
from openhcs_pipeline.components import stacks
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.special import declared_inputs, declared_outputs
from openhcs_pipeline.step import Call

__all__ = ["CallFacts", "PlanFacts", "StepFacts", "plan_facts"]


@attrs.frozen
class CallFacts:
    """One function of a step."""

    group: str
    """The value of ``group_by`` that it is for; ``all`` if for every one."""
    name: str
    """Its name."""
    memory_type: str
    """What it takes and makes: ``numpy``, or ``numpy -> torch``."""
    device: str
    """Where it works."""
    conversion: str
    """What brings a stack there, with its cost class at best and at worst; empty if none is needed."""
    bytes_converted: int
    """Bytes of all stacks that are converted, in the dtype of the plate; 0 if none are, or if nothing is copied."""
    special_inputs: tuple[str, ...]
    """What it takes beside the stack."""
    special_outputs: tuple[str, ...]
    """What it makes beside the stack."""


@attrs.frozen
class StepFacts:
    """One step."""

    name: str
    """Its name."""
    stacked: str
    """The components along the first axis."""
    stacks: int
    """Stacks of the whole plate."""
    planes: int
    """Planes in the largest of them."""
    calls: tuple[CallFacts, ...]
    """Its functions."""


@attrs.frozen
class PlanFacts:
    """What a run would do."""

    plate: str
    """Its folder."""
    wells: int
    """Units of work."""
    planes: int
    """Planes that are read."""
    shape: tuple[int, ...]
    """Rows and columns of the first plane."""
    dtype: str
    """Of the first plane."""
    input_bytes: int
    """All planes, uncompressed, if they are like the first one."""
    output_bytes: int
    """All final images, uncompressed, at most: if no step projects, and dtypes stay."""
    backends: dict[str, str]
    """What is where."""
    paths: dict[str, str]
    """Folders that are written."""
    steps: tuple[StepFacts, ...]
    """In order."""
    notes: tuple[str, ...]
    """What a person should know."""


def plan_facts(plan: Plan, host: Host) -> PlanFacts:
    """Describe a plan; reads one plane, and imports no array library that the plan does not name."""
    files = FileManager(host)
    first = plan.reading.planes[0]
    plane = files.load((plan.reading.root.absolute() / first.path).as_posix(), plan.reading.backend)
    nbytes = math.prod(plane.shape) * plane.dtype.itemsize
    left = [p.coordinates for well in plan.wells for p in plan.planes(well)]
    if plan.missing == "fill":
        left += [c for well in plan.wells for c in plan.missing_planes(well)]
    count, steps = len(left), []
    at = dict.fromkeys(left, "numpy")
    for step in plan.steps:
        groups = [g for g in stacks(left, step.variable_components) if step.chain_for(step.group_by.of(g[0]))]
        calls: list[CallFacts] = []
        for value, chain in step.chains().items():
            mine = [g for g in groups if value is None or step.group_by.of(g[0]) == value]
            calls += _calls(host, "all" if value is None else str(value), chain, mine, at, nbytes)
        size = max(map(len, groups), default=0)
        steps.append(
            StepFacts(step.name, ", ".join(step.variable_components), len(groups), size, tuple(calls))
        )
        left = [coordinates for group in groups for coordinates in group]
    backends = plan.vfs.materialization_backends
    return PlanFacts(
        plate=str(plan.reading.root.absolute()),
        wells=len(plan.wells),
        planes=count,
        shape=tuple(plane.shape),
        dtype=str(plane.dtype),
        input_bytes=count * nbytes,
        output_bytes=len(left) * nbytes * len(backends),
        backends={
            "read": plan.vfs.read_backend,
            "intermediate": plan.vfs.intermediate_backend,
            "materialization": ", ".join(backends),
        },
        paths={
            **{f"images ({key})": str(plan.images_in(key)) for key in backends},
            **{f"results ({key})": str(plan.results_in(key)) for key in backends},
        },
        steps=tuple(steps),
        notes=plan.notes,
    )


def _calls(
    host: Host,
    group: str,
    chain: Sequence[Call],
    groups: Sequence[Sequence[Coordinates]],
    at: dict[Coordinates, str],
    nbytes: int,
) -> list[CallFacts]:
    """Describe a chain; ``at`` says in which memory type each plane is, before and after."""
    found = []
    planes = [coordinates for stack in groups for coordinates in stack]
    for call in chain:
        needs, makes = memory_types(call.function)
        strangers = [at[c] for c in planes if at[c] != needs]
        conversion, copied = _conversion(host, sorted(set(strangers)), needs)
        found.append(
            CallFacts(
                group,
                call.name,
                needs if needs == makes else f"{needs} -> {makes}",
                _device(host, needs),
                conversion,
                nbytes * len(strangers) if copied else 0,
                tuple(each.name for each in declared_inputs(call.function)),
                tuple(each.name for each in declared_outputs(call.function)),
            )
        )
        at.update(dict.fromkeys(planes, makes))
    return found


def _conversion(host: Host, sources: Sequence[str], target: str) -> tuple[str, bool]:
    words, copied = [], False
    for source in sources:
        try:
            route = plan_conversion(source, target, host=host)
        except ArrayError as error:
            words.append(f"{source} -> {target}: {error}")
            continue
        best, worst = route.cost.name, route.at_most.name
        words.append(f"{source} -> {target}: {best if best == worst else f'{best} to {worst}'}".lower())
        copied |= route.bytes_copied != 0
    return "; ".join(words), copied


def _device(host: Host, key: str) -> str:
    devices: Sequence[Any] = host.memory(key).devices()
    return str(devices[0]) if devices else "none"
