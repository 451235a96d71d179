"""The index of what is installed: which distribution offers which key, read from metadata alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import attrs

from openhcs_host.seam.kinds import KINDS

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoints

__all__ = ["Index", "Provider", "build_index", "canonical_name"]

_ACCELERATORS: Final = "openhcs.accelerator"
_ARRAYS: Final = "openhcs.array"
_GROUPS: Final = {kind.group: name for name, kind in KINDS.items()}


@attrs.frozen
class Provider:
    """One key of one kind, offered by one installed distribution."""

    kind: str
    """The kind, for example ``backend``."""
    key: str
    """The entry-point name."""
    distribution: str
    """Name of the distribution."""
    version: str
    """Version of the distribution."""
    target: str
    """What activation loads: ``module`` or ``module:attribute``."""
    location: str
    """Folder on the import path in which the distribution is installed."""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@attrs.frozen
class Index:
    """Everything that the installed distributions announce, in an order that depends on nothing else."""

    providers: tuple[Provider, ...]
    """Sorted by kind, key, distribution."""
    problems: tuple[str, ...] = ()
    """Metadata that could not be read, one sentence each; it takes nothing else down."""
    accelerators: Mapping[str, str] = attrs.field(factory=dict)
    """Module of an accelerator library to the ``kind:key`` that announces it (``openhcs.accelerator``)."""
    arrays: Mapping[str, str] = attrs.field(factory=dict)
    """First component of an array class's module to the memory type it belongs to (``openhcs.array``)."""
    _by_name: dict[tuple[str, str], tuple[Provider, ...]] = attrs.field(init=False, repr=False, eq=False)

    @_by_name.default
    def _group(self) -> dict[tuple[str, str], tuple[Provider, ...]]:
        found: dict[tuple[str, str], tuple[Provider, ...]] = {}
        for provider in self.providers:
            name = provider.kind, provider.key
            found[name] = (*found.get(name, ()), provider)
        return found

    def offers(self, kind: str, key: str) -> tuple[Provider, ...]:
        """Return every provider of a key, in order of distribution name."""
        return self._by_name.get((kind, key), ())

    def keys(self, kind: str) -> tuple[str, ...]:
        """Return every key of a kind, sorted."""
        return tuple(sorted({key for found, key in self._by_name if found == kind}))

    def memory_type_of(self, cls: type) -> str | None:
        """Return the memory type whose arrays a class, or the nearest of its bases, comes from."""
        for base in cls.__mro__:
            found = self.arrays.get(base.__module__.partition(".")[0])
            if found is not None:
                return found
        return None


def build_index() -> Index:
    """Walk the installed distributions once. Imports none of their modules."""
    # Imported here: it costs more than the rest of the host, and many processes never look.
    from importlib.metadata import distributions

    providers: list[Provider] = []
    accelerators: dict[str, str] = {}
    arrays: dict[str, tuple[str, str]] = {}  # prefix to distribution and key
    problems: list[str] = []
    seen: set[str] = set()
    for distribution in distributions():
        try:
            announced = distribution.read_text("entry_points.txt")
            # A plain search spares parsing the metadata of the many that have nothing to do with us.
            if announced is None or "openhcs." not in announced:
                continue
            metadata = distribution.metadata  # parsed anew at each access
            name = canonical_name(metadata["Name"])
            if name in seen or _is_shadowed(distribution, name):
                continue
            seen.add(name)
            points = distribution.entry_points
            place = _place(distribution)
            providers.extend(_providers(points, metadata["Name"], metadata["Version"], place))
            accelerators |= {p.name: p.value for p in points if p.group == _ACCELERATORS}
            problems.extend(_add_arrays(arrays, points, name))
        except Exception as error:  # noqa: BLE001 - one broken installation must not hide the others
            problems.append(f"{_place(distribution)}: its metadata cannot be read ({error!r}); reinstall it")
    providers.sort(key=lambda p: (p.kind, p.key, canonical_name(p.distribution)))
    owners = {prefix: key for prefix, (_, key) in sorted(arrays.items())}
    return Index(tuple(providers), tuple(sorted(problems)), accelerators, owners)


def _add_arrays(arrays: dict[str, tuple[str, str]], points: EntryPoints, name: str) -> Iterator[str]:
    for point in points:
        if point.group != _ARRAYS:
            continue
        mine, other = (name, point.value), arrays.get(point.name, (name, point.value))
        if other[1] != point.value:
            yield (
                f"{name} and {other[0]} announce the arrays of module {point.name!r} for different memory types, "
                f"{point.value!r} and {other[1]!r}; uninstall one of them"
            )
        arrays[point.name] = min(mine, other)  # whatever the order in which they were found


def _providers(points: EntryPoints, name: str, version: str, place: str) -> Iterator[Provider]:
    for point in points:
        kind = _GROUPS.get(point.group)
        if kind is not None:
            yield Provider(kind, point.name, name, version, point.value, place)


def _is_shadowed(distribution: Distribution, name: str) -> bool:
    # A distribution found twice on the path counts once, the first; the first one may be a version
    # without our entry points, so being first among ours is not enough.
    from importlib.metadata import distribution as first_on_path

    return _place(first_on_path(name)) != _place(distribution)


def _place(distribution: Distribution) -> str:
    return str(distribution.locate_file(""))


def canonical_name(name: str) -> str:
    """Return the spelling in which names of distributions are compared (PEP 503)."""
    return "-".join(filter(None, name.lower().replace("_", "-").replace(".", "-").split("-")))
