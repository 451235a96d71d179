"""What records have in common, and what they contradict."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from openhcs_microscope_operaphenix import acquisition


def test_a_channel_of_two_names_is_said(tmp_path: Path, harmony: SimpleNamespace) -> None:
    (tmp_path / "i").write_bytes(
        harmony.index_xml([harmony.plane(), harmony.plane(site=2)]).replace(b"Channel 1", b"Other", 1)
    )
    found = acquisition(tmp_path / "i")
    assert found.channels[1].name == "Other"
    (problem,) = found.problems
    assert "more than one name in the Index" in problem


def test_a_value_without_a_unit_is_unknown_and_said(tmp_path: Path, harmony: SimpleNamespace) -> None:
    plane = harmony.plane(fields={"PositionX": "<PositionX>0.5</PositionX>"})
    (tmp_path / "i").write_bytes(harmony.index_xml([plane]))
    found = acquisition(tmp_path / "i")
    assert found.positions_um == {}
    assert found.problems == ("the Index gives no known unit of length for PositionX: left unknown",)


def test_units_are_heeded(tmp_path: Path, harmony: SimpleNamespace) -> None:
    fields = {
        "PositionX": '<PositionX Unit="mm">0.5</PositionX>',
        "PositionY": '<PositionY Unit="nm">-2000</PositionY>',
    }
    (tmp_path / "i").write_bytes(harmony.index_xml([harmony.plane(fields=fields)]))
    assert acquisition(tmp_path / "i").positions_um == {1: {(500.0, -2.0): {"A01"}}}


def test_the_image_is_believed_before_the_map(tmp_path: Path, harmony: SimpleNamespace) -> None:
    plane = harmony.plane(fields={"channel": "<ChannelName>own</ChannelName>"})
    (tmp_path / "i").write_bytes(harmony.index_xml([plane], version=7))
    channel = acquisition(tmp_path / "i").channels[1]
    assert (channel.name, channel.width, channel.pixel_size_x_um) == ("own", 6, 0.5)


def test_one_stack_is_kept_for_each_channel(tmp_path: Path, harmony: SimpleNamespace) -> None:
    planes = [
        harmony.plane(site=site, z=z, channel=channel, height=z * 1e-6)
        for site in (1, 2)
        for z in (1, 2)
        for channel in (1, 2)
    ]
    (tmp_path / "i").write_bytes(harmony.index_xml(planes))
    stacks = acquisition(tmp_path / "i").stacks_um
    assert {channel: sorted(stack) for channel, stack in stacks.items()} == {1: [1, 2], 2: [1, 2]}
    assert stacks[1][2] == (2.0, 135000.0)


def test_several_plates_are_said(tmp_path: Path, harmony: SimpleNamespace) -> None:
    content = harmony.index_xml([harmony.plane()]).replace(
        b"</Plates>", b"<Plate><Name>B</Name></Plate></Plates>"
    )
    (tmp_path / "i").write_bytes(content)
    found = acquisition(tmp_path / "i")
    assert (found.plate_name, found.problems) == (
        "Plate µ, 'one'",
        ("the Index describes 2 plates; the first is believed",),
    )
