"""The kit of converters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from openhcs_host.arrays.casting import dtype_named
from openhcs_host.arrays.conversion import convert, plan_conversion
from openhcs_host.contracts.memory import ConversionCost, Converter, MemoryType
from openhcs_host.errors import MemoryConversionError
from openhcs_host.seam.host import Host
from openhcs_host.testing.arrays import DTYPES, assert_equal, image, values_of
from openhcs_host.testing.backends import HostedKit

__all__ = ["ConverterKit"]

Array = np.ndarray[Any, Any]


class ConverterKit(HostedKit):
    """Certifies a converter; both its memory types must be installed.

    ::

        class TestNumpyToTorch(ConverterKit):
            key = "numpy.torch"
    """

    @pytest.fixture
    def converter(self, host: Host) -> Converter:
        """Return the converter as the host hands it out."""
        return host.converter(self.key, **self.config)

    @pytest.fixture
    def source(self, host: Host) -> MemoryType:
        """Return the memory type whose arrays it takes."""
        return host.memory(self.key.partition(".")[0])

    @pytest.fixture
    def target(self, host: Host) -> MemoryType:
        """Return the memory type whose arrays it gives."""
        return host.memory(self.key.partition(".")[2])

    def overwrite(self, array: Any) -> None:
        """Change every value of a source's or target's array in place, by the library's own means."""
        array[...] = 0

    def _does_not_apply(self, request: pytest.FixtureRequest) -> str | None:
        for name in ("source", "target"):
            if name in request.fixturenames:
                found = request.getfixturevalue(name).availability()
                if found.state != "ready":
                    return f"{name}: {found.state}: {found.detail}"
        return None

    def _pairs(self, source: MemoryType) -> Iterator[tuple[str, Array, Any]]:
        """Yield the dtype, the values and the array of the source, of every dtype that it holds."""
        for dtype in DTYPES:
            if source.holds(dtype) == dtype:
                array = image(dtype)
                yield dtype, array, source.from_numpy(array.copy(), copy=True)

    def _usual(self, source: MemoryType, target: MemoryType) -> tuple[Array, Any]:
        for dtype, array, made in self._pairs(source):
            if target.holds(dtype) == dtype:
                return array, made
        pytest.fail(f"there is no dtype that {source.key} and {target.key} both hold")

    def test_its_class_says_what_it_is(self, converter: Converter) -> None:
        """The key names two memory types, and the cost stands on the class."""
        first, dot, second = self.key.partition(".")
        assert converter.key == self.key and first and dot and second and first != second
        assert isinstance(type(converter).cost, ConversionCost)

    def test_every_dtype_is_kept_or_refused(
        self, converter: Converter, source: MemoryType, target: MemoryType
    ) -> None:
        """Values arrive in the dtype in which the target keeps them; what it cannot keep is refused."""
        for dtype, array, made in self._pairs(source):
            kept = target.holds(dtype)
            if kept is None:
                with pytest.raises(MemoryConversionError):
                    converter.convert(made)
                continue
            for copy in (None, True):
                result = converter.convert(made, copy=copy)
                assert target.owns(result), f"{dtype} became a {type(result).__name__}"
                assert target.facts(result).dtype == kept
                assert_equal(
                    target.to_numpy(result), array.astype(dtype_named(kept)), f"{dtype}, copy={copy}"
                )

    def test_shapes_and_views_are_kept(
        self, converter: Converter, source: MemoryType, target: MemoryType
    ) -> None:
        """3-D arrays and parts of arrays arrive with their axes in order."""
        plane, _ = self._usual(source, target)
        for array, made in (
            (image(plane.dtype.name, shape), source.from_numpy(image(plane.dtype.name, shape), copy=True))
            for shape in ((2, 3, 4), (3, 4))
        ):
            assert_equal(target.to_numpy(converter.convert(made)), array, f"shape {array.shape}")
            part = converter.convert(made[1:])
            assert_equal(target.to_numpy(part), array[1:], f"a part of shape {array.shape}")

    def test_the_source_stays_as_it_is(
        self, converter: Converter, source: MemoryType, target: MemoryType
    ) -> None:
        """Converting changes no value of the source."""
        array, made = self._usual(source, target)
        converter.convert(made)
        assert_equal(source.to_numpy(made), array, "the source afterwards")

    def test_the_cost_is_true(self, converter: Converter, source: MemoryType, target: MemoryType) -> None:
        """ZERO_COPY shares memory in the good case, and nothing dearer does."""
        array, made = self._usual(source, target)
        result = converter.convert(made)
        if not source.immutable:
            self.overwrite(made)
            other = target.to_numpy(result)
        elif target.facts(result).writable:
            self.overwrite(result)
            other = source.to_numpy(made)
        else:
            pytest.skip("does not apply: neither side can be written to")
        shares = values_of(other) != values_of(array)
        assert shares == (type(converter).cost == ConversionCost.ZERO_COPY), f"memory is shared: {shares}"

    def test_a_copy_is_independent(
        self, converter: Converter, source: MemoryType, target: MemoryType
    ) -> None:
        """With ``copy=True`` a change on either side does not show on the other."""
        array, made = self._usual(source, target)
        result = converter.convert(made, copy=True)
        if not target.immutable:
            self.overwrite(result)
            assert_equal(source.to_numpy(made), array, "the source after the copy was overwritten")
            result = converter.convert(made, copy=True)
        if not source.immutable:
            self.overwrite(made)
            assert_equal(target.to_numpy(result), array, "the copy after the source was overwritten")

    def test_without_a_copy_it_shares_or_refuses(
        self, converter: Converter, source: MemoryType, target: MemoryType
    ) -> None:
        """With ``copy=False`` nothing is copied in secret."""
        array, made = self._usual(source, target)
        try:
            result = converter.convert(made, copy=False)
        except MemoryConversionError:
            return
        if not source.immutable:
            self.overwrite(made)
            assert values_of(target.to_numpy(result)) != values_of(array), "copy=False, and it was copied"

    def test_read_only_memory_is_never_written_to(
        self, converter: Converter, source: MemoryType, target: MemoryType
    ) -> None:
        """What nobody may write to is copied, or arrives so that nobody may."""
        array, made = self._usual(source, target)
        if isinstance(made, np.ndarray):
            made.flags.writeable = False
        if source.facts(made).writable or target.immutable:
            pytest.skip("does not apply: the source has nothing read-only, or the target nothing writable")
        result = converter.convert(made)
        if target.facts(result).writable:
            self.overwrite(result)
        assert_equal(source.to_numpy(made), array, "read-only memory")

    def test_arrays_live_where_they_were_sent(
        self, converter: Converter, source: MemoryType, target: MemoryType
    ) -> None:
        """On each device of the target."""
        array, made = self._usual(source, target)
        for device in target.devices():
            result = converter.convert(made, device=device)
            assert target.facts(result).device == device
            assert_equal(target.to_numpy(result), array, device)

    def test_the_host_takes_it(
        self, converter: Converter, host: Host, source: MemoryType, target: MemoryType
    ) -> None:
        """A plan names it unless there is a cheaper way, and ``convert`` gives the same values."""
        array, made = self._usual(source, target)
        plan = plan_conversion(made, target.key, host=host)
        assert plan.route == (self.key,) or plan.cost < type(converter).cost, (
            f"the host goes {plan.route} at {plan.cost.name}, and this costs {type(converter).cost.name}"
        )
        assert_equal(target.to_numpy(convert(made, target.key, host=host)), array, "through the host")
