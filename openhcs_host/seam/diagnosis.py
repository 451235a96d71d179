"""What is wrong with an installation, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import attrs

from openhcs_host.errors import PluginBlockedError, PluginError
from openhcs_host.seam.compatibility import unmet_requirements
from openhcs_host.seam.host import Host
from openhcs_host.seam.index import Provider
from openhcs_host.seam.probing import Probe, probe
from openhcs_host.seam.resolution import refusal

__all__ = ["Diagnosis", "Finding", "diagnose"]


@attrs.frozen
class Finding:
    """One thing that is wrong."""

    subject: str
    """What it concerns: ``backend:zarr (openhcs-backend-zarr 0.1.0)``, or a file."""
    problem: str
    """What is wrong."""
    mend: str
    """The command or the change that mends it."""


@attrs.frozen
class Diagnosis:
    """The state of an installation."""

    probes: tuple[Probe, ...]
    """Every plugin that policy lets be used, tried in a process of its own."""
    unused: tuple[tuple[Provider, str], ...]
    """Plugins that policy keeps from being used, with the reason; nothing is wrong with that."""
    findings: tuple[Finding, ...]
    """Everything that is wrong."""


def diagnose(host: Host, timeout: float = 30.0, workers: int = 2) -> Diagnosis:
    """Look at every installed plugin. Nothing is imported into this process."""
    index, policy = host.index, host.policy
    unused = [(p, why) for p in index.providers if (why := refusal(index, policy, p)) is not None]
    usable = [p for p in index.providers if all(p is not other for other, _ in unused)]
    with ThreadPoolExecutor(workers) as pool:
        probes = tuple(pool.map(lambda provider: probe(provider, timeout), usable))
    findings = [
        *(Finding("metadata", problem, "reinstall that distribution") for problem in index.problems),
        *_requirements(usable),
        *_resolutions(host),
        *_policy(host),
        *_probes(probes),
    ]
    return Diagnosis(probes, tuple(unused), tuple(findings))


def _requirements(providers: list[Provider]) -> Iterator[Finding]:
    for provider in {p.distribution: p for p in providers}.values():
        for unmet in unmet_requirements(provider):
            yield Finding(
                str(provider), str(unmet), f'pip install "{unmet.requirement.partition(";")[0].strip()}"'
            )


def _resolutions(host: Host) -> Iterator[Finding]:
    for kind, key in dict.fromkeys((p.kind, p.key) for p in host.index.providers):
        try:
            host.resolve(kind, key)
        except PluginBlockedError:
            continue  # the site wants it so
        except PluginError as error:
            yield Finding(f"{kind}:{key}", str(error), "settle it in openhcs.toml, or uninstall all but one")


def _policy(host: Host) -> Iterator[Finding]:
    offered = {(p.kind, p.key) for p in host.index.providers}
    for (kind, key), rule in host.policy.pins.items():
        if (kind, key) not in offered:
            problem = f"it is pinned to {rule.name!r}, and nothing installed offers it"
            yield Finding(
                f"{kind}:{key}", f"{problem} ({rule.origin})", f"pip install {rule.name}, or remove the pin"
            )
    for kind, key in host.policy.tables:
        if (kind, key) not in offered:
            yield Finding(
                f"[{kind}.{key}]",
                "this table configures a plugin that is not installed",
                "install it, or mend the name",
            )
    for rule in host.policy.observers:
        if ("observer", rule.name) not in offered:
            problem = f"{rule.origin} enables it, and nothing installed offers it"
            yield Finding(f"observer:{rule.name}", problem, "install it, or mend the name")


def _probes(probes: tuple[Probe, ...]) -> Iterator[Finding]:
    for tried in probes:
        provider, found = tried.provider, tried.availability
        subject = f"{provider.kind}:{provider.key} ({provider})"
        if tried.error is not None:
            yield Finding(
                subject, tried.error, f"pip install --upgrade --force-reinstall {provider.distribution}"
            )
        elif found is not None and found.state != "ready":
            uninstall = f"pip uninstall {provider.distribution}, if nobody wants it"
            yield Finding(subject, f"{found.state}: {found.detail}", found.mend or uninstall)
