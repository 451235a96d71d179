"""Loading one entry point and registering it, with every way it can go wrong told apart."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable
from typing import Any

import pluggy

from openhcs_host.errors import PluginIncompatibleError, PluginInvalidError, PluginLoadError
from openhcs_host.seam.compatibility import host_requirement
from openhcs_host.seam.index import Provider
from openhcs_host.seam.kinds import API_LEVEL, Kind
from openhcs_host.seam.policy import HOST_DISTRIBUTION

__all__ = ["check_host_requirement", "creating_hook", "load", "register"]


def check_host_requirement(provider: Provider) -> None:
    """Raise ``PluginIncompatibleError`` if the distribution demands another version of this host."""
    unmet = host_requirement(provider)
    if unmet is not None:
        raise PluginIncompatibleError(
            f"{provider.kind} {provider.key!r} of {provider} {unmet}. "
            f"Run: pip install --upgrade {provider.distribution} {HOST_DISTRIBUTION}"
        )


def load(provider: Provider) -> Any:
    """Import what the entry point names; raise ``PluginLoadError`` with the cause."""
    module, _, attribute = provider.target.partition(":")
    try:
        plugin = importlib.import_module(module.strip())
        return operator.attrgetter(attribute.strip())(plugin) if attribute.strip() else plugin
    except (Exception, SystemExit) as error:  # a plugin that exits must not take its host along
        missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
        cure = (
            f"It needs {missing!r}, which is not installed: reinstall {provider.distribution} with its dependencies"
            if missing
            else f"Reinstall or upgrade {provider.distribution}, or report this to its authors"
        )
        raise PluginLoadError(
            f"{provider.kind} {provider.key!r} of {provider} cannot be imported from {provider.target!r}: "
            f"{type(error).__name__}: {error}. {cure}."
        ) from error


def register(manager: pluggy.PluginManager, plugin: Any, provider: Provider) -> None:
    """Check the plugin and enter it into the manager as ``kind:key``; leave no trace if it fails."""
    _check_plugin(plugin, provider)
    if manager.is_registered(plugin):
        return  # one module may serve several keys
    try:
        manager.register(plugin, name=f"{provider.kind}:{provider.key}")
        manager.check_pending()
    except Exception as error:
        if manager.is_registered(plugin):
            manager.unregister(plugin)
        raise PluginInvalidError(
            f"{provider.kind} {provider.key!r} of {provider} does not fit the hooks of this host: {error}"
        ) from error


def creating_hook(
    manager: pluggy.PluginManager, plugin: Any, kind: Kind, provider: Provider
) -> Callable[..., Any]:
    """Return the plugin's own creating hook, called with keywords.

    Calling the hook through the manager would ask every registered plugin, and one that ignores
    the key could answer for another.
    """
    for implementation in getattr(manager.hook, kind.hook).get_hookimpls():
        if implementation.plugin is plugin:
            names, function = implementation.argnames, implementation.function
            return lambda **given: function(*[given[name] for name in names])
    raise PluginInvalidError(
        f"{kind.name} {provider.key!r} of {provider}: {provider.target!r} implements no hook {kind.hook!r}. "
        f"Mark a function of that name with @openhcs_host.hookimpl."
    )


def _check_plugin(plugin: Any, provider: Provider) -> None:
    who = f"{provider.kind} {provider.key!r} of {provider}"
    if isinstance(plugin, type):
        raise PluginInvalidError(
            f"{who}: {provider.target!r} is a class; the entry point must name a module or an instance"
        )
    level = getattr(plugin, "OPENHCS_API", None)
    if level != API_LEVEL:
        raise PluginIncompatibleError(
            f"{who} is written for API level {level!r} and this host has level {API_LEVEL}. "
            f"The plugin states its level as OPENHCS_API = {API_LEVEL}; upgrade {provider.distribution} or the host."
        )
