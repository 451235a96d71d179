"""Turning a plugin's configuration table into the plugin's own attrs class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from openhcs_host.errors import ConfigurationError

__all__ = ["configured"]

T = TypeVar("T")


def configured(cls: type[T], table: Mapping[str, Any], where: str) -> T:
    """Return ``cls(**table)``, naming the nearest valid field when one is unknown.

    ``where`` says whose table it is, for example ``backend 'disk'``. Validators and converters of
    the attrs class do the rest; what they raise becomes a ``ConfigurationError``.
    """
    known = [field.alias or field.name for field in attrs.fields(cls) if field.init]  # type: ignore[arg-type]
    for name in table:
        if name not in known:
            import difflib  # only for the message

            near = difflib.get_close_matches(name, known, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            offer = ", ".join(known) or "none"
            raise ConfigurationError(f"{where} has no option {name!r}.{guess} Its options: {offer}.")
    try:
        return cls(**table)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{where}: {error}") from error
