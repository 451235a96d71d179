"""OME-Zarr plates for openhcs-host."""

from __future__ import annotations

__all__: list[str] = []
