"""Channels and objective."""

from __future__ import annotations

from openhcs_host.contracts.microscopes import Channel, Objective
from openhcs_microscope_operaphenix.facts import Channel as Said
from openhcs_microscope_operaphenix.optics import channel, objective


def test_what_is_unknown_stays_unknown() -> None:
    assert channel(None) == channel(Said()) == Channel()
    assert objective({}) == objective({1: Said()}) == (None, [])


def test_seconds_become_milliseconds() -> None:
    said = Said(name="DAPI", excitation_nm=405.0, emission_nm=456.0, exposure_s=0.006)
    assert channel(said) == Channel(name="DAPI", excitation_nm=405.0, emission_nm=456.0, exposure_ms=6.0)


def test_channels_complete_each_other_and_may_not_contradict() -> None:
    told = {1: Said(objective_magnification=20.0), 2: Said(objective_na=0.8), 3: Said()}
    assert objective(told) == (Objective(magnification=20.0, numerical_aperture=0.8), [])
    assert objective(told | {4: Said(objective_na=0.4)}) == (
        None,
        [
            "the channels differ in objective: 20x NA ? in channel 1, ?x NA 0.8 in channel 2, ?x NA 0.4 in channel 4"
        ],
    )
