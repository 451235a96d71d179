"""Where a policy comes from: the site's file, the project's file, the environment, the caller."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from openhcs_host.errors import ConfigurationError
from openhcs_host.seam.kinds import KINDS
from openhcs_host.seam.policy import Policy

__all__ = ["FILE_NAME", "policy_files", "read_policy", "read_policy_file"]

FILE_NAME: Final = "openhcs.toml"
_PLUGINS: Final = ("pin", "block", "allow", "observers")


def read_policy(argument: Policy | None = None) -> Policy:
    """Return the policy in force: site file, project file, environment, argument, the later the stronger.

    Raises ``ConfigurationError`` that names the file or variable and what is wrong in it.
    """
    policy = Policy()
    for path in policy_files():
        policy = policy.under(read_policy_file(path))
    policy = policy.under(_environment(os.environ))
    return policy if argument is None else policy.under(argument)


def policy_files() -> list[str]:
    """Return the files that are read: that of ``OPENHCS_CONFIG`` alone, or the site's and the project's."""
    chosen = os.environ.get("OPENHCS_CONFIG")
    if chosen is not None:
        if chosen and not os.path.isfile(chosen):
            raise ConfigurationError(f"OPENHCS_CONFIG names {chosen!r}, and there is no such file")
        return [chosen] if chosen else []
    candidates = [os.path.join(sys.prefix, "etc", FILE_NAME), os.path.abspath(FILE_NAME)]
    return [path for path in candidates if os.path.isfile(path)]


def read_policy_file(path: str) -> Policy:
    """Read one ``openhcs.toml``."""
    import tomllib  # few processes have a file to read

    with open(path, "rb") as stream:
        try:
            document = tomllib.load(stream)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} is no TOML: {error}") from None
    plugins = document.pop("plugins", {})
    _check_names(document, KINDS, path, "table")
    _check_names(_table(plugins, path, "plugins"), _PLUGINS, path, "entry of [plugins]")
    for kind, keys in document.items():
        for key, table in _table(keys, path, kind).items():
            _table(table, path, f"{kind}.{key}")
    allow = plugins.get("allow")
    return Policy.of(
        pin=_texts(_table(plugins.get("pin", {}), path, "plugins.pin"), path),
        block=_list(plugins.get("block", []), path, "block"),
        allow=None if allow is None else _list(allow, path, "allow"),
        observers=_list(plugins.get("observers", []), path, "observers"),
        tables=document,
        origin=path,
    )


def _environment(environment: Mapping[str, str]) -> Policy:
    pins = _split(environment.get("OPENHCS_PIN"))
    for pin in pins:
        if "=" not in pin:
            raise ConfigurationError(
                f"OPENHCS_PIN: {pin!r} is no pin; write 'kind:key=distribution', comma-separated"
            )
    policy = Policy.of(
        pin={key.strip(): name.strip() for key, _, name in (pin.partition("=") for pin in pins)},
        origin="OPENHCS_PIN",
    )
    policy = policy.under(Policy.of(block=_split(environment.get("OPENHCS_BLOCK")), origin="OPENHCS_BLOCK"))
    allow = environment.get("OPENHCS_ALLOW")
    if allow is not None:
        policy = policy.under(Policy.of(allow=_split(allow), origin="OPENHCS_ALLOW"))
    return policy.under(
        Policy.of(observers=_split(environment.get("OPENHCS_OBSERVERS")), origin="OPENHCS_OBSERVERS")
    )


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _check_names(given: Mapping[str, Any], known: Any, path: str, what: str) -> None:
    for name in given:
        if name not in known:
            import difflib  # only for the message

            near = difflib.get_close_matches(name, list(known), n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(f"{path}: {name!r} is no {what}.{guess} Known: {', '.join(known)}.")


def _table(value: Any, path: str, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{path}: {name} must be a table, [{name}], not {value!r}")
    return value


def _texts(table: Mapping[str, Any], path: str) -> Mapping[str, str]:
    for key, value in table.items():
        if not isinstance(value, str):
            raise ConfigurationError(f"{path}: the pin {key!r} must name a distribution, not {value!r}")
    return table


def _list(value: Any, path: str, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{path}: {name} must be a list of strings, not {value!r}")
    return value
