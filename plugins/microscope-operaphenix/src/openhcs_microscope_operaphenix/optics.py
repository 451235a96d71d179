"""Channels and objective as the contract of microscopes has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from openhcs_host.contracts.microscopes import Channel, Objective
from openhcs_host.plates.wording import listed
from openhcs_microscope_operaphenix.facts import Channel as Said

__all__ = ["channel", "objective"]


def channel(said: Said | None) -> Channel:
    """Return what the Index says of a channel; Harmony gives no colour."""
    if said is None:
        return Channel()
    return Channel(
        name=said.name,
        excitation_nm=said.excitation_nm,
        emission_nm=said.emission_nm,
        exposure_ms=None if said.exposure_s is None else float(f"{said.exposure_s * 1e3:.12g}"),
    )


def objective(channels: Mapping[int, Said]) -> tuple[Objective | None, list[str]]:
    """Return the objective if all channels that tell of it agree, and else what each of them says."""
    told: dict[tuple[float | None, float | None], int] = {}
    for number, said in channels.items():
        optics = (said.objective_magnification, said.objective_na)
        if any(optics):
            told.setdefault(optics, number)
    if not told:
        return None, []
    magnifications, apertures = _common(at for at, _ in told), _common(na for _, na in told)
    if max(len(magnifications), len(apertures)) > 1:
        text = listed(f"{_shown(at)}x NA {_shown(na)} in channel {n}" for (at, na), n in told.items())
        return None, [f"the channels differ in objective: {text}"]
    return (
        Objective(
            magnification=next(iter(magnifications), None), numerical_aperture=next(iter(apertures), None)
        ),
        [],
    )


def _common(values: Iterable[float | None]) -> set[float]:
    return {value for value in values if value is not None}


def _shown(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"
