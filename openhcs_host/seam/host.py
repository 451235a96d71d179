"""The host: activates the plugin behind a key when it is asked for, and nothing before."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import pluggy

from openhcs_host.contracts.provided import InstanceSpec, Provided
from openhcs_host.errors import OpenHCSError, PluginError, PluginInvalidError
from openhcs_host.seam import hookspecs

# Whatever is needed to look something up is imported when the first key is asked for: importing the
# host and making one cost nearly nothing.
if TYPE_CHECKING:
    import click

    from openhcs_host.contracts.execution import Executor, FunctionLibrary
    from openhcs_host.contracts.formats import Format
    from openhcs_host.contracts.memory import Converter, MemoryType
    from openhcs_host.contracts.microscopes import MicroscopeHandler
    from openhcs_host.contracts.storage import DataSink
    from openhcs_host.seam.index import Index, Provider
    from openhcs_host.seam.policy import Policy
    from openhcs_host.seam.resolution import Resolution

__all__ = ["Host"]


class Host:
    """Hands out the objects that plugins provide, one per (kind, key, configuration).

    ::

        with Host() as host:
            disk = host.backend("disk")

    ``policy`` overrules the site's files and the environment. Making a host reads and imports nothing.
    Objects are shared: asking again for the same key and
    configuration returns the same object, from any thread. Closing the host closes them.
    """

    def __init__(self, index: Index | None = None, policy: Policy | None = None) -> None:
        self.parts: dict[str, Any] = {}
        """What the layers above keep with this host, by name; forgotten when it is closed."""
        self._index = index
        self._argument = policy
        self._policy: Policy | None = None
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._lock = threading.RLock()  # pluggy's registration is not locked
        self._checked: set[str] = set()  # distributions whose demands on the host are met
        self._plugins: dict[Provider, Any] = {}
        self._instances: dict[tuple[str, str, str], Any] = {}
        self._defaults: dict[tuple[str, str], Any] = {}  # those without configuration: the short way
        self._specs: dict[int, InstanceSpec] = {}
        self._owners: dict[type, str | None] = {}
        self._observers: list[Any] = []
        self._site_observers_enabled = False

    @property
    def index(self) -> Index:
        """What is installed; read once, when first needed."""
        with self._lock:
            if self._index is None:
                from openhcs_host.seam.index import build_index

                self._index = build_index()
            return self._index

    @property
    def policy(self) -> Policy:
        """The site's policy in force; read once, when first needed."""
        with self._lock:
            if self._policy is None:
                from openhcs_host.seam.policy_sources import read_policy

                self._policy = read_policy(self._argument)
            return self._policy

    def resolve(self, kind: str, key: str) -> Resolution:
        """Say which provider a key comes from, importing nothing."""
        from openhcs_host.seam.resolution import resolve

        return resolve(self.index, self.policy, kind, key)

    def backend(self, key: str, **config: Any) -> DataSink:
        """Return the storage backend ``key``."""
        return cast("DataSink", self._get("backend", key, config))

    def format(self, key: str, **config: Any) -> Format:
        """Return the file format of an extension in any case, for example ``.tif``."""
        return cast("Format", self._get("format", key.lower(), config))

    def memory(self, key: str, **config: Any) -> MemoryType:
        """Return the memory type ``key``."""
        return cast("MemoryType", self._get("memory", key, config))

    def converter(self, key: str, **config: Any) -> Converter:
        """Return the converter ``source.target``."""
        return cast("Converter", self._get("converter", key, config))

    def microscope(self, key: str, **config: Any) -> MicroscopeHandler:
        """Return the microscope handler ``key``."""
        return cast("MicroscopeHandler", self._get("microscope", key, config))

    def executor(self, key: str, **config: Any) -> Executor:
        """Return the executor ``key``."""
        return cast("Executor", self._get("executor", key, config))

    def functions(self, key: str, **config: Any) -> FunctionLibrary:
        """Return the function library ``key``."""
        return cast("FunctionLibrary", self._get("functions", key, config))

    def command(self, key: str) -> click.Command:
        """Return the sub-command ``key``."""
        return cast("click.Command", self._get("command", key, {}))

    def memory_type_of(self, array: object) -> str | None:
        """Return the memory type that the type of an object comes from, ``None`` if no installed one does.

        Nothing is imported: the modules of the type and its bases are looked up in what the installed
        distributions announce. Whether the object is an array, its memory type's ``owns`` says.
        """
        cls = type(array)
        try:
            return self._owners[cls]
        except KeyError:
            return self._owners.setdefault(cls, self.index.memory_type_of(cls))

    def create(self, spec: InstanceSpec) -> Any:
        """Return the object that ``spec`` describes, creating it if this host has none yet.

        Raises ``PluginNotFoundError``, ``PluginConflictError``, ``PluginLoadError``,
        ``PluginInvalidError`` or ``ConfigurationError``; none of them affects other keys.
        """
        name = spec.kind, spec.key, repr(sorted(spec.config.items()))
        found = self._instances.get(name)
        if found is not None:
            return found
        with self._lock:
            if name not in self._instances:
                table = self.policy.tables.get((spec.kind, spec.key), {})
                full = InstanceSpec(spec.kind, spec.key, {**table, **spec.config})
                created = self._create(full)
                self._instances[name] = created
                self._specs[id(created)] = full
                if not spec.config:
                    self._defaults[spec.kind, spec.key] = created
            return self._instances[name]

    def describe(self, instance: Provided) -> InstanceSpec:
        """Return the picklable description from which another process re-creates ``instance``."""
        spec = self._specs[id(instance)]
        current: Mapping[str, Any] = {**spec.config, **instance.configuration()}
        return InstanceSpec(spec.kind, spec.key, current)

    def enable_observers(self, keys: Sequence[str]) -> None:
        """Activate the named observers; the others are neither imported nor called."""
        for key in keys:
            plugin, _ = self._activate("observer", key)
            with self._lock:
                if plugin not in self._observers:
                    self._observers.append(plugin)

    def is_observed(self) -> bool:
        """Whether any observer is enabled already; ``enable_site_observers`` enables those of the policy."""
        return bool(self._observers)

    def notify(self, hook: str, **facts: Any) -> list[str]:
        """Tell the enabled observers, and return what went wrong with them, one sentence each.

        An observer that raises is reported and cannot disturb what it observes. The first call enables
        the observers that the site's policy names.
        """
        trouble = self.enable_site_observers()
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin not in self._observers:
                continue
            try:
                implementation.function(*[facts[name] for name in implementation.argnames])
            except Exception as error:  # noqa: BLE001 - whatever an observer raises is its own affair
                trouble.append(f"observer {implementation.plugin_name}: {type(error).__name__}: {error}")
        return trouble

    def enable_site_observers(self) -> list[str]:
        """Activate the observers that the site's policy names, once; return what is wrong with them."""
        with self._lock:
            if self._site_observers_enabled:
                return []
            self._site_observers_enabled = True
        trouble = []
        for rule in self.policy.observers:
            try:
                self.enable_observers([rule.name])
            except PluginError as error:
                trouble.append(f"observer {rule.name!r}, enabled by {rule.origin}: {error}")
        return trouble

    def close(self) -> None:
        """Close every object handed out, the latest first."""
        with self._lock:
            instances = list(self._instances.values())
            self.parts.clear()
            self._instances.clear()
            self._defaults.clear()
            self._specs.clear()
        errors = []
        for instance in reversed(instances):
            if isinstance(instance, Provided):
                try:
                    instance.close()
                except Exception as error:  # noqa: BLE001 - the others must still be closed
                    errors.append(error)
        if errors:
            raise ExceptionGroup("some plugins failed to close", errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _get(self, kind: str, key: str, config: Mapping[str, Any]) -> Any:
        if not config:
            found = self._defaults.get((kind, key))
            if found is not None:
                return found
        return self.create(InstanceSpec(kind, str(key), config))

    def _activate(self, kind: str, key: str) -> tuple[Any, Provider]:
        from openhcs_host.seam.accelerators import guard_imports
        from openhcs_host.seam.activation import check_host_requirement, load, register

        with self._lock:
            provider = self.resolve(kind, key).provider
            if provider not in self._plugins:
                if provider.distribution not in self._checked:
                    check_host_requirement(provider)
                    self._checked.add(provider.distribution)
                guard_imports(self.index)
                plugin = load(provider)
                register(self._manager, plugin, provider)
                self._plugins[provider] = plugin
            return self._plugins[provider], provider

    def _create(self, spec: InstanceSpec) -> Any:
        from openhcs_host.seam.activation import creating_hook
        from openhcs_host.seam.kinds import kind_named

        kind = kind_named(spec.kind)
        plugin, provider = self._activate(spec.kind, spec.key)
        create = creating_hook(self._manager, plugin, kind, provider)
        who = f"{spec.kind} {spec.key!r} of {provider}"
        try:
            created = create(key=spec.key, config=spec.config, host=self)
        except OpenHCSError:
            raise
        except Exception as error:
            raise PluginInvalidError(
                f"{who} failed while being created: {type(error).__name__}: {error}. "
                f"Report this to the authors of {provider.distribution}."
            ) from error
        contract = kind.contract_class()
        if not isinstance(created, contract):
            raise PluginInvalidError(
                f"{who} created {type(created).__name__!r}, which is no {contract.__name__}. "
                f"Report this to the authors of {provider.distribution}."
            )
        # Commands are click's own objects, with a name instead of a key.
        serves = getattr(created, "key" if isinstance(created, Provided) else "name", None)
        if serves != spec.key:
            raise PluginInvalidError(f"{who} created an object that serves {serves!r} instead")
        return created
