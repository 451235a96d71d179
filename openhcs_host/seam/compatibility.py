"""What a distribution demands, checked against what is installed, from metadata alone."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from openhcs_host.seam.index import Provider, canonical_name
from openhcs_host.seam.policy import HOST_DISTRIBUTION

__all__ = ["Unmet", "host_requirement", "unmet_requirements"]


@attrs.frozen
class Unmet:
    """A requirement of a distribution that the installation does not meet."""

    requirement: str
    """As the distribution states it."""
    installed: str | None
    """The version that is installed, or ``None``."""

    def __str__(self) -> str:
        found = "is not installed" if self.installed is None else f"is installed as {self.installed}"
        return f"needs {self.requirement}, which {found}"


def host_requirement(provider: Provider) -> Unmet | None:
    """Return the requirement on this host if it is not met; checked before the plugin is imported."""
    return next(unmet_requirements(provider, only=HOST_DISTRIBUTION), None)


def unmet_requirements(provider: Provider, *, only: str | None = None) -> Iterator[Unmet]:
    """Yield every requirement of the provider's distribution that is not met; extras are not looked at.

    ``only`` names the one distribution that is asked about; the metadata of others is then not read.
    """
    # Imported here: both cost more than the rest of the seam, and are needed only when a plugin is loaded.
    from importlib.metadata import PackageNotFoundError, distribution, version

    from packaging.requirements import InvalidRequirement, Requirement

    for text in distribution(provider.distribution).requires or ():
        if only is not None and canonical_name(_bare(text)) != only:
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield Unmet(text, None)
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield Unmet(text, None)
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield Unmet(text, installed)


def _bare(requirement: str) -> str:
    name = ""
    for character in requirement:
        if not (character.isalnum() or character in "-_."):
            break
        name += character
    return name
