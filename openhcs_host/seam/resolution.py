"""Which provider of a key is taken, and why: the site's policy applied to what is installed."""

from __future__ import annotations

import attrs

from openhcs_host.errors import PluginBlockedError, PluginConflictError, PluginNotFoundError
from openhcs_host.seam import accelerators
from openhcs_host.seam.index import Index, Provider, canonical_name
from openhcs_host.seam.kinds import kind_named
from openhcs_host.seam.policy import Policy

__all__ = ["PassedOver", "Resolution", "refusal", "resolve"]


@attrs.frozen
class PassedOver:
    """A provider that was not taken."""

    provider: Provider
    """The one passed over."""
    reason: str
    """Why, as a clause for people."""


@attrs.frozen
class Resolution:
    """The provider taken for a key."""

    provider: Provider
    """The one whose plugin will be loaded."""
    reason: str
    """Why this one, as a clause for people."""
    others: tuple[PassedOver, ...] = ()
    """The providers passed over."""


def resolve(index: Index, policy: Policy, kind: str, key: str) -> Resolution:
    """Choose the provider of ``key``, importing nothing.

    Raises ``PluginNotFoundError`` when nothing offers it, ``PluginBlockedError`` when policy leaves
    nothing, ``PluginConflictError`` when several remain and no pin says which.
    """
    kind_named(kind)
    offers = index.offers(kind, key)
    pin = policy.pins.get((kind, key))
    if not offers:
        pinned = f" {pin.origin} pins it to {pin.name!r}, which is not installed." if pin else ""
        raise PluginNotFoundError(_not_found(index, kind, key) + pinned)
    refused = [PassedOver(p, why) for p in offers if (why := refusal(index, policy, p)) is not None]
    usable = [p for p in offers if all(p is not other.provider for other in refused)]
    if pin is not None:
        return _pinned(kind, key, pin.name, pin.origin, usable, refused)
    if not usable:
        reasons = "; ".join(f"{other.provider}: {other.reason}" for other in refused)
        raise PluginBlockedError(
            f"{kind} {key!r} may not be used here. {reasons}. Change that, or use another key."
        )
    if len(usable) == 1:
        reason = (
            "the only one that may be used" if refused else "the only installed distribution that offers it"
        )
        return Resolution(usable[0], reason, tuple(refused))
    if kind == "format":
        # Formats come in dozens and overlap; the distribution that ships a backend using them is
        # the one that the site chose when it chose its storage.
        shipping = [p for p in usable if _ships_a_backend(index, p)]
        if len(shipping) == 1:
            rest = [PassedOver(p, "it ships no storage backend") for p in usable if p is not shipping[0]]
            return Resolution(shipping[0], "its distribution also ships a storage backend", (*refused, *rest))
    names = " and ".join(str(provider) for provider in usable)
    raise PluginConflictError(
        f"{kind} {key!r} is offered by {names}, and nothing says which to take. Settle it in openhcs.toml:\n"
        f'  [plugins.pin]\n  "{kind}:{key}" = "{usable[0].distribution}"'
    )


def refusal(index: Index, policy: Policy, provider: Provider) -> str | None:
    """Return why a provider may not be used in this process, as a clause, or ``None`` if it may."""
    return policy.refusal(provider) or accelerators.refusal(provider, index)


def _pinned(
    kind: str, key: str, name: str, origin: str, usable: list[Provider], refused: list[PassedOver]
) -> Resolution:
    chosen = [p for p in usable if canonical_name(p.distribution) == canonical_name(name)]
    if chosen:
        rest = [PassedOver(p, "another is pinned") for p in usable if p is not chosen[0]]
        return Resolution(chosen[0], f"pinned by {origin}", (*refused, *rest))
    for other in refused:
        if canonical_name(other.provider.distribution) == canonical_name(name):
            raise PluginBlockedError(
                f"{origin} pins {kind} {key!r} to {name!r}, but {other.reason}. Change one of them."
            )
    there = " and ".join(str(provider) for provider in usable) or "nothing that may be used"
    raise PluginNotFoundError(
        f"{origin} pins {kind} {key!r} to {name!r}, which is not installed or does not offer it; "
        f"it is offered by {there}. Install {name!r} or change the pin."
    )


def _ships_a_backend(index: Index, provider: Provider) -> bool:
    return any(p.kind == "backend" and p.distribution == provider.distribution for p in index.providers)


def _not_found(index: Index, kind: str, key: str) -> str:
    import difflib  # only for the message

    keys = index.keys(kind)
    near = difflib.get_close_matches(key, keys, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    installed = ", ".join(f"{k!r} ({' and '.join(map(str, index.offers(kind, k)))})" for k in keys) or "none"
    return (
        f"no installed distribution offers {kind} {key!r}.{guess} "
        f"Installed: {installed}. Install the distribution that offers it; "
        f"`openhcs plugins list` shows what is there."
    )
