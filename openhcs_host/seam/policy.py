"""Site policy: which distribution provides a key, and which may provide anything at all.

Applied before any import. ``docs/contracts/policy.md`` has the file and the precedence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from openhcs_host.errors import ConfigurationError
from openhcs_host.seam.index import Provider, canonical_name
from openhcs_host.seam.kinds import KINDS

__all__ = ["HOST_DISTRIBUTION", "Policy", "Rule"]

HOST_DISTRIBUTION: Final = "openhcs-host"
"""The distribution that an allow-list need not name: without it nothing works."""

Name = tuple[str, str]


@attrs.frozen
class Rule:
    """One decision of the site and where it stands."""

    name: str
    """A distribution, or ``kind:key``."""
    origin: str
    """The file, environment variable or argument that says so."""


@attrs.frozen
class Policy:
    """What a site decided. Empty: everything installed may be used, and conflicts are errors."""

    pins: Mapping[Name, Rule] = attrs.field(factory=dict)
    """(kind, key) to the distribution that provides it."""
    blocked: tuple[Rule, ...] = ()
    """Distributions, or ``kind:key``, that are never used."""
    allowed: tuple[Rule, ...] | None = None
    """The only distributions used, beside the host's own; ``None`` allows all."""
    tables: Mapping[Name, Mapping[str, Any]] = attrs.field(factory=dict)
    """(kind, key) to the configuration handed to the plugin."""
    observers: tuple[Rule, ...] = ()
    """Observers that are enabled."""

    @classmethod
    def of(
        cls,
        *,
        pin: Mapping[str, str] | None = None,
        block: Iterable[str] = (),
        allow: Iterable[str] | None = None,
        observers: Iterable[str] = (),
        tables: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
        origin: str = "the policy argument",
    ) -> Policy:
        """Build a policy from plain values: ``pin={"backend:zarr": "openhcs-backend-zarr"}``.

        ``tables`` is kind to key to configuration. Raises ``ConfigurationError`` naming ``origin``.
        """
        return cls(
            pins={_name(key, origin): Rule(name, origin) for key, name in (pin or {}).items()},
            blocked=tuple(Rule(name, origin) for name in block),
            allowed=None if allow is None else tuple(Rule(name, origin) for name in allow),
            tables={
                _known(kind, key, origin): dict(table)
                for kind, keys in (tables or {}).items()
                for key, table in keys.items()
            },
            observers=tuple(Rule(name, origin) for name in observers),
        )

    def under(self, stronger: Policy) -> Policy:
        """Return this policy overruled by a stronger one.

        Pins and configuration values are overruled one by one, blocks and observers add up, and the
        stronger allow-list counts if there is one.
        """
        tables = {name: dict(table) for name, table in self.tables.items()}
        for name, table in stronger.tables.items():
            tables[name] = {**tables.get(name, {}), **table}
        return Policy(
            pins={**self.pins, **stronger.pins},
            blocked=(*self.blocked, *stronger.blocked),
            allowed=self.allowed if stronger.allowed is None else stronger.allowed,
            tables=tables,
            observers=(*self.observers, *stronger.observers),
        )

    def refusal(self, provider: Provider) -> str | None:
        """Return why the provider may not be used, as a clause, or ``None`` if it may."""
        distribution = canonical_name(provider.distribution)
        for rule in self.blocked:
            if rule.name == f"{provider.kind}:{provider.key}" or canonical_name(rule.name) == distribution:
                return f"{rule.name!r} is blocked by {rule.origin}"
        if self.allowed is None or distribution == HOST_DISTRIBUTION:
            return None
        if any(canonical_name(rule.name) == distribution for rule in self.allowed):
            return None
        origin = self.allowed[0].origin if self.allowed else "an empty allow-list"
        return f"{provider.distribution!r} is not on the allow-list of {origin}"


def _name(text: str, origin: str) -> Name:
    kind, colon, key = text.partition(":")
    if not colon or not key:
        raise ConfigurationError(
            f"{origin}: {text!r} is no key; write it as 'kind:key', for example 'backend:zarr'"
        )
    return _known(kind, key, origin)


def _known(kind: str, key: str, origin: str) -> Name:
    if kind not in KINDS:
        raise ConfigurationError(f"{origin}: there is no kind {kind!r}; the kinds are {', '.join(KINDS)}")
    return kind, key
