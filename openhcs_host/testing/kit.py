"""What all kits share: failures are declared, and the kit looks after itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

import pytest

from openhcs_host.testing.guard import check_subclass, check_unchanged, kit_parts

__all__ = ["Kit"]

_HIDING: Final = ("skip", "skipif", "xfail")


class Kit:
    """The base of every kit."""

    expected_failures: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Name of a test that the plugin is known to fail, to the reason. A test that passes after all fails."""

    def __init_subclass__(cls, *, abstract: bool = False, **keywords: Any) -> None:
        """Refuse a subclass that would lose a test; ``abstract`` marks a base of others, not to be run."""
        super().__init_subclass__(**keywords)
        check_subclass(cls, abstract=abstract)

    @pytest.fixture(autouse=True)
    def _declared(self, request: pytest.FixtureRequest) -> None:
        """Skip what does not apply to this plugin, and mark what it is expected to fail; both are reported."""
        name = str(getattr(request.node, "originalname", request.node.name))
        reason = self.expected_failures.get(name)
        lacking = self._does_not_apply(request)
        if lacking is not None and reason is not None:
            pytest.fail(f"{name} does not apply here ({lacking}): take it out of expected_failures")
        if lacking is not None:
            pytest.skip(f"does not apply: {lacking}")
        if reason is not None:
            request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))

    def _does_not_apply(self, request: pytest.FixtureRequest) -> str | None:
        """Return why the test does not apply to this plugin, or ``None`` if it does."""
        return None

    def test_the_kit_is_whole(self, request: pytest.FixtureRequest) -> None:
        """Every test of the kit is collected, as it is, and none is skipped or expected to fail in secret."""
        cls = type(self)
        check_unchanged(cls)
        collector = request.node.getparent(pytest.Class)
        for name, function in kit_parts(cls).items():
            if not name.startswith("test_"):
                continue
            assert collector.istestfunction(function, name), f"pytest is configured not to collect {name}"
            hiding = [mark.name for mark in getattr(function, "pytestmark", []) if mark.name in _HIDING]
            assert not hiding, f"{name} was marked {hiding[0]}: use expected_failures = {{{name!r}: 'why'}}"
