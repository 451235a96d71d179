"""The configuration of a run: layers over layers, each saying what it wants and inheriting the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, get_args

import attrs

from openhcs_host import Host
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.execution import Executor
from openhcs_host.errors import ConfigurationError
from openhcs_host.seam.policy_sources import policy_files, read_policy_file
from openhcs_pipeline.configuration import Durability, Missing, VFSConfig

__all__ = [
    "Layer",
    "PipelineConfig",
    "Setting",
    "Settings",
    "environment_layer",
    "file_layer",
    "resolve",
    "site_layers",
]

_PREFIX: Final = "OPENHCS_PIPELINE_"
_TABLE: Final = ("command", "run")
"""Where the site's and the project's ``openhcs.toml`` configure runs: ``[command.run]``."""


def _text(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not value):
        raise TypeError(f"{attribute.name} must be text, not {value!r}")


def _backends(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    several = isinstance(value, tuple) and value and all(isinstance(key, str) and key for key in value)
    if value is not None and not several and not (isinstance(value, str) and value):
        raise TypeError(f"{attribute.name} must be the key of a backend, or a list of keys, not {value!r}")


def _tables(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not (
        isinstance(value, Mapping) and all(isinstance(table, Mapping) for table in value.values())
    ):
        raise TypeError(f"{attribute.name} must be tables by backend, not {value!r}")


def _count(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and (type(value) is not int or value < 1):
        raise TypeError(f"{attribute.name} must be a whole number from 1, not {value!r}")


def _one_of(*choices: str) -> Callable[[Any, attrs.Attribute[Any], Any], None]:
    def check(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is not None and value not in choices:
            raise ValueError(f"{attribute.name} must be one of {', '.join(choices)}, not {value!r}")

    return check


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class PipelineConfig:
    """What one place says about runs; ``None`` inherits from the place below.

    A pipeline file says it with ``config = PipelineConfig(…)``. Raises ``TypeError`` or ``ValueError`` for
    values that mean nothing.
    """

    read_backend: str | None = attrs.field(default=None, validator=_text)
    """Where planes are read."""
    intermediate_backend: str | None = attrs.field(default=None, validator=_text)
    """Where images stay between steps."""
    materialization_backend: str | tuple[str, ...] | None = attrs.field(
        default=None, converter=_listed, validator=_backends
    )
    """Where final images and tables go, one or several."""
    backend_kwargs: Mapping[str, Mapping[str, Any]] | None = attrs.field(default=None, validator=_tables)
    """Backend to the options with which final images are saved there."""
    missing: Missing | None = attrs.field(default=None, validator=_one_of(*get_args(Missing)))
    """Planes without a file are an error, left out (``skip``) or zeros (``fill``)."""
    durability: Durability | None = attrs.field(default=None, validator=_one_of(*get_args(Durability)))
    """What a finished well survives."""
    executor: str | None = attrs.field(default=None, validator=_text)
    """Key of the executor; ``auto`` is ``serial`` with one worker and ``threads`` with several."""
    workers: int | None = attrs.field(default=None, validator=_count)
    """Wells at once."""


_DEFAULTS: Final = PipelineConfig(
    **{
        name: value
        for name, value in attrs.asdict(VFSConfig()).items()
        if name in attrs.fields_dict(PipelineConfig)
    },
    missing="error",
    durability="power",
    executor="auto",
    workers=1,
)


@attrs.frozen
class Layer:
    """One place of configuration."""

    origin: str
    """The file, variable or argument, for people."""
    config: PipelineConfig
    """What it says."""


@attrs.frozen
class Setting:
    """A value in force."""

    value: Any
    """The value."""
    origin: str
    """Who says so."""


@attrs.frozen
class Settings:
    """What is in force, and where each value comes from."""

    values: Mapping[str, Setting]
    """Every field of ``PipelineConfig``."""

    @property
    def vfs(self) -> VFSConfig:
        """The backends."""
        names = attrs.fields_dict(VFSConfig)
        return VFSConfig(**{name: self.values[name].value for name in names})

    @property
    def missing(self) -> Missing:
        """What happens to planes without a file."""
        found: Missing = self.values["missing"].value
        return found

    @property
    def durability(self) -> Durability:
        """What a finished well survives."""
        found: Durability = self.values["durability"].value
        return found

    def executor(self, host: Host) -> Executor:
        """Return the executor, with as many workers as are wanted.

        Raises ``ConfigurationError`` for several workers of ``serial``.
        """
        key, workers = self.values["executor"].value, self.values["workers"]
        if key == "auto":
            key = "serial" if workers.value == 1 else "threads"
        if key == "serial" and workers.value == 1:
            return host.executor(key)
        # Who said nothing leaves the number to the executor.
        return (
            host.executor(key) if workers.origin == "default" else host.executor(key, workers=workers.value)
        )


def resolve(layers: Iterable[Layer]) -> Settings:
    """Return what is in force under layers, the weakest first."""
    values: dict[str, Setting] = {}
    for layer in (Layer("default", _DEFAULTS), *layers):
        for field in attrs.fields(PipelineConfig):
            value = getattr(layer.config, field.name)
            if value is not None:
                values[field.name] = Setting(value, layer.origin)
    return Settings(values)


def site_layers(environment: Mapping[str, str]) -> list[Layer]:
    """Return what the site, the project and the environment say, the weakest first.

    Raises ``ConfigurationError`` that names the place and the nearest valid name.
    """
    layers = []
    for path in policy_files():
        table = read_policy_file(path).tables.get(_TABLE)
        if table:
            layers.append(Layer(path, configured(PipelineConfig, table, f"{path}, [{'.'.join(_TABLE)}]")))
    return [*layers, *environment_layer(environment)]


def environment_layer(environment: Mapping[str, str]) -> list[Layer]:
    """Return a layer for each variable ``OPENHCS_PIPELINE_…``, so that each value has its own origin."""
    layers = []
    for variable in sorted(name for name in environment if name.startswith(_PREFIX)):
        name = variable.removeprefix(_PREFIX).lower()
        value = _parsed(name, environment[variable])
        layers.append(Layer(variable, configured(PipelineConfig, {name: value}, variable)))
    return layers


def file_layer(path: str) -> Layer:
    """Read a TOML file with a table ``[pipeline]``, and nothing else; ``ConfigurationError`` if it is no such file."""
    import tomllib  # few runs have such a file

    try:
        with open(path, "rb") as stream:
            document = tomllib.load(stream)
    except FileNotFoundError:
        raise ConfigurationError(f"there is no configuration file {path!r}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from None
    table = document.pop("pipeline", None)
    if document or not isinstance(table, Mapping):
        found = ", ".join(map(repr, document)) or "no table"
        raise ConfigurationError(
            f"{path}: a run is configured by one table, [pipeline]; the file has {found} beside it"
        )
    return Layer(path, configured(PipelineConfig, table, f"{path}, [pipeline]"))


def _parsed(name: str, text: str) -> Any:
    if name == "workers" and text.strip().isdigit():
        return int(text)
    if name == "materialization_backend" and "," in text:
        keys: Sequence[str] = [part.strip() for part in text.split(",")]
        return tuple(keys)
    return text
