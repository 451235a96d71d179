"""Which provider of a key is taken, and why. Site policy (pins, blocks, allow-lists) belongs here."""

from __future__ import annotations

import attrs

from openhcs_host.errors import PluginConflictError, PluginNotFoundError
from openhcs_host.seam.index import Index, Provider
from openhcs_host.seam.kinds import kind_named

__all__ = ["Resolution", "resolve"]


@attrs.frozen
class Resolution:
    """The provider taken for a key."""

    provider: Provider
    """The one whose plugin will be loaded."""
    reason: str
    """Why this one, as a clause for people."""
    others: tuple[Provider, ...] = ()
    """The providers passed over."""


def resolve(index: Index, kind: str, key: str) -> Resolution:
    """Choose the provider of ``key``.

    Raises ``PluginNotFoundError`` when nothing offers it, ``PluginConflictError`` when several do.
    """
    kind_named(kind)
    offers = index.offers(kind, key)
    if not offers:
        raise PluginNotFoundError(_not_found(index, kind, key))
    if len(offers) == 1:
        return Resolution(offers[0], "the only installed distribution that offers it")
    if kind == "format":
        # Formats come in dozens and overlap; the distribution that ships a backend using them is
        # the one that the site chose when it chose its storage.
        shipping = [p for p in offers if _ships_a_backend(index, p)]
        if len(shipping) == 1:
            others = tuple(p for p in offers if p is not shipping[0])
            return Resolution(shipping[0], "its distribution also ships a storage backend", others)
    raise PluginConflictError(
        f"{kind} {key!r} is offered by {_list(offers)}. Nothing says which to take: uninstall all but one."
    )


def _ships_a_backend(index: Index, provider: Provider) -> bool:
    return any(p.kind == "backend" and p.distribution == provider.distribution for p in index.providers)


def _not_found(index: Index, kind: str, key: str) -> str:
    import difflib  # only for the message

    keys = index.keys(kind)
    near = difflib.get_close_matches(key, keys, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    installed = ", ".join(f"{k!r} ({_list(index.offers(kind, k))})" for k in keys) or "none"
    return (
        f"no installed distribution offers {kind} {key!r}.{guess} "
        f"Installed: {installed}. Install the distribution that offers it; "
        f"`openhcs plugins list` shows what is there."
    )


def _list(providers: tuple[Provider, ...]) -> str:
    return " and ".join(str(provider) for provider in providers)
