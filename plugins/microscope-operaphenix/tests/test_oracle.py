"""The Index against a tree: what ``xml.etree`` and a walk by hand find is what we read, damaged or not."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal, DecimalException
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from openhcs_host.errors import FormatError
from openhcs_microscope_operaphenix.acquisition import Acquisition, acquisition, listed_planes

Value = tuple[str, str] | None
"""Text of an element, and its unit."""
METRES = {"m": 0, "cm": -2, "mm": -3, "µm": -6, "μm": -6, "um": -6, "nm": -9, "pm": -12}
SECONDS = {"s": 1, "ms": Decimal("1e-3"), "min": 60, "h": 3600}
PLACE = ("FieldID", "ChannelID", "PlaneID", "TimepointID")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Tree:
    """An Index held whole in memory."""

    def __init__(self, content: bytes) -> None:
        self.root = ElementTree.fromstring(content)
        self.namespace = self.root.tag.rpartition("}")[0].removeprefix("{")

    @property
    def is_index(self) -> bool:
        return self.root.tag.rpartition("}")[2] == "EvaluationInputData" and bool(
            re.fullmatch("(.*/)?HarmonyV[0-9]{1,3}/?", self.namespace, re.DOTALL)
        )

    def below(self, *path: str) -> Iterator[ElementTree.Element]:
        """Elements at a path; parents may be of any namespace, the element itself is of the root's."""
        elements = [self.root]
        for name in path:
            elements = [child for e in elements for child in e if child.tag.rpartition("}")[2] == name]
        return (e for e in elements if e.tag == f"{{{self.namespace}}}{path[-1]}")

    def value(self, elements: Iterable[ElementTree.Element], name: str) -> Value:
        """The first child of that name that holds anything, in the first element that has one."""
        for element in elements:
            for child in element:
                if child.tag == f"{{{self.namespace}}}{name}" and child.text:
                    return child.text, child.get("Unit", "")
        return None


def text(value: Value) -> str | None:
    return (value[0].strip() or None) if value else None


def whole(value: Value) -> int | None:
    digits = text(value)
    return int(digits) if digits and re.fullmatch("[0-9]{1,6}", digits) else None


def decimal(value: Value) -> Decimal | None:
    try:
        number = Decimal((value or ("",))[0].strip())
    except DecimalException:
        return None
    return number if number.is_finite() and abs(number) < Decimal("1e300") else None


def length(value: Value, power: int) -> float | None:
    number, unit = decimal(value), METRES.get(value[1]) if value else None
    return None if number is None or unit is None else float(number.scaleb(unit - power))


def seconds(value: Value) -> float | None:
    number, unit = decimal(value), SECONDS.get(value[1]) if value else None
    return None if number is None or unit is None else float(number * unit)


def positive(number: float | Decimal | None) -> float | None:
    return float(number) if number is not None and number > 0 else None


def moment(value: Value) -> datetime | None:
    try:
        found = datetime.fromisoformat(text(value) or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def well(row: int | None, column: int | None) -> str | None:
    if not row or not column or row > 27 * 26:
        return None
    first, second = divmod(row - 1, 26)
    return f"{LETTERS[first - 1] if first else ''}{LETTERS[second]}{column:02d}"


def planes_by_hand(tree: Tree) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for image in tree.below("Images", "Image"):
        said = {name: tree.value([image], name) for name in ("URL", "Row", "Col", *PLACE, "AbsTime")}
        lengths = (length(tree.value([image], name), -6) for name in ("PositionX", "PositionY", "PositionZ"))
        found.append(
            (
                text(said["URL"]) or "",
                well(whole(said["Row"]), whole(said["Col"])),
                *(whole(said[name]) for name in PLACE),
                *lengths,
                length(tree.value([image], "AbsPositionZ"), -6),
                moment(said["AbsTime"]),
                seconds(tree.value([image], "MeasurementTimeOffset")),
            )
        )
    return found


def channels_by_hand(tree: Tree) -> dict[int, tuple[object, ...]]:
    """The first image of a channel, then the entries of all maps."""
    sources: dict[int, list[ElementTree.Element]] = {}
    for image in tree.below("Images", "Image"):
        number = whole(tree.value([image], "ChannelID"))
        if number is not None:
            sources.setdefault(number, [image])
    for entry in tree.below("Maps", "Map", "Entry"):
        number = whole((entry.get("ChannelID", ""), ""))
        if number is not None:
            sources.setdefault(number, []).append(entry)
    return {number: channel_by_hand(tree, elements) for number, elements in sources.items()}


def channel_by_hand(tree: Tree, elements: list[ElementTree.Element]) -> tuple[object, ...]:
    def value(name: str) -> Value:
        return tree.value(elements, name)

    return (
        *(text(value(name)) for name in ("ChannelName", "ChannelType")),
        *(positive(length(value(f"Main{name}Wavelength"), -9)) for name in ("Excitation", "Emission")),
        *(positive(length(value(f"ImageResolution{axis}"), -6)) for axis in "XY"),
        *(whole(value(f"ImageSize{axis}")) or None for axis in "XY"),
        *(positive(decimal(value(f"Objective{name}"))) for name in ("Magnification", "NA")),
        positive(seconds(value("ExposureTime"))),
    )


def plate_by_hand(tree: Tree) -> tuple[object, ...]:
    plates = list(tree.below("Plates", "Plate"))[:1]
    names = ("PlateID", "Name", "PlateTypeName", "MeasurementID", "MeasurementStartTime")
    sizes = (whole(tree.value(plates, name)) for name in ("PlateRows", "PlateColumns"))
    return *(text(tree.value(plates, name)) for name in names), *sizes


def planes_as_read(path: Path) -> list[tuple[object, ...]]:
    return [
        (
            *(plane.url, plane.well, plane.site, plane.channel, plane.z_index, plane.timepoint_id),
            *(*plane.position_um, plane.z_um, plane.absolute_z_um, plane.acquired, plane.time_offset_s),
        )
        for plane in listed_planes(path)
    ]


def channels_as_read(found: Acquisition) -> dict[int, tuple[object, ...]]:
    return {
        number: (
            *(channel.name, channel.channel_type, channel.excitation_nm, channel.emission_nm),
            *(channel.pixel_size_x_um, channel.pixel_size_y_um, channel.width, channel.height),
            *(channel.objective_magnification, channel.objective_na, channel.exposure_s),
        )
        for number, channel in found.channels.items()
    }


def plate_as_read(found: Acquisition) -> tuple[object, ...]:
    return (
        *(found.plate_id, found.plate_name, found.plate_type, found.measurement_id, found.started),
        *(found.plate_rows, found.plate_columns),
    )


def same(one: object, other: object) -> bool:
    """Whether values are equal, numbers to twelve digits."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-11, abs=1e-300)
    return type(one) is type(other) and one == other


def agree(path: Path, content: bytes) -> Tree:
    """Assert that we read of an Index what its tree holds, and return the tree."""
    path.write_bytes(content)
    tree, found = Tree(content), acquisition(path)
    assert found.version == int(tree.namespace.rstrip("/").rpartition("HarmonyV")[2])
    assert found.instrument == text(next(((e.text or "", "") for e in tree.below("InstrumentType")), None))
    for one, other in zip(planes_as_read(path), planes_by_hand(tree), strict=True):
        assert same(one, other), (one, other)
    channels, by_hand = channels_as_read(found), channels_by_hand(tree)
    assert channels.keys() == by_hand.keys()
    for number, channel in channels.items():
        assert same(channel, by_hand[number]), (number, channel, by_hand[number])
    assert plate_as_read(found) == plate_by_hand(tree)
    return tree


def real(plates: Path) -> list[bytes]:
    contents = [path.read_bytes() for path in sorted(plates.glob("pe-*/**/Index*.xml"))]
    assert len(contents) == 3
    return contents


def test_every_real_index_is_what_its_tree_holds(plates: Path, tmp_path: Path) -> None:
    sizes = [len(list(agree(tmp_path / "a.xml", c).below("Images", "Image"))) for c in real(plates)]
    assert sizes == [2, 6, 1]


def generated(harmony: SimpleNamespace, chance: random.Random, version: int) -> bytes:
    planes = [
        harmony.plane(
            row=chance.randint(1, 32),
            column=chance.randint(1, 48),
            site=chance.randint(1, 99),
            channel=chance.randint(1, 9),
            z=chance.randint(1, 120),
            t=chance.randint(1, 30),
            x=chance.uniform(-2e-3, 2e-3),
            y=chance.choice((0, 1.5e-4, -6.45814e-4)),
            height=chance.uniform(-1e-4, 1e-4),
            url=chance.choice((None, None, "", "odd name.tiff")),
        )
        for _ in range(chance.randint(1, 40))
    ]
    content: bytes = harmony.index_xml(
        planes,
        version=version,
        name=chance.choice(("P", "µ, 'x' & \"y\" <z>", "  ")),
        pixel_m=chance.choice((5e-07, 1.1959521619135234e-06)),
        bom=chance.random() < 0.5,
    )
    return content


@pytest.mark.parametrize("version", [4, 5, 6, 7])
def test_an_index_of_any_version_is_what_its_tree_holds(
    tmp_path: Path, harmony: SimpleNamespace, version: int
) -> None:
    chance = random.Random(version)
    for _ in range(40):
        agree(tmp_path / "a.xml", generated(harmony, chance, version))


ADDED = (
    *("<!-- c -->", "<![CDATA[7]]>", "&#49;", "&amp;", "<?pi x?>", "<x/>", "<x>1</x>", "µ", "\n", " ", "\t"),
    *(
        "<Row>7</Row>",
        '<PositionX Unit="mm">3</PositionX>',
        "<URL>b.tiff</URL>",
        "<Image><Row>2</Row></Image>",
    ),
)
TEXTS = (
    *("", " ", "0", "1", " 2 ", "-1", "1e3", "1e400", "nan", "-inf", "٣", "1_0", "0x1", "1000000", "999999"),
    *("2021-13-01T00:00", "2022-12-19T10:19:26", "2022-12-19T10:19:26Z", "../x.tiff", "1e-7", "5E-07"),
)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Change texts and units, add, double, leave out and move elements; most of it stays XML."""
    words = content.decode("utf-8-sig")
    for _ in range(chance.randint(1, 12)):
        leaves = list(re.finditer(r"<([A-Za-z]+)([^<>/]*)>([^<>]*)</\1>", words))
        if not leaves:
            break
        leaf, kind = chance.choice(leaves), chance.random()
        start, end = leaf.span()
        if kind < 0.35:
            words = words[: leaf.start(3)] + chance.choice(TEXTS) + words[leaf.end(3) :]
        elif kind < 0.45:
            unit = chance.choice(("", ' Unit="mm"', ' Unit="parsec"', " Unit='µm' a='b'", ' a="m"'))
            words = words[: leaf.start(2)] + unit + words[leaf.end(2) :]
        elif kind < 0.6:
            at = chance.choice((start, leaf.start(3), leaf.end(3), end))
            words = words[:at] + chance.choice(ADDED) + words[at:]
        elif kind < 0.7:
            words = words[:start] + words[end:]
        elif kind < 0.8:
            other = chance.choice(leaves).end()
            words = words[:other] + leaf[0] + words[other:]
        elif kind < 0.95:
            images = list(re.finditer(r"<Image[ >].*?</Image>\s*", words, re.DOTALL))
            image = chance.choice(images)[0] if images else ""
            at = words.find("</Images>")
            words = words[:at] + image * chance.randint(1, 3) + words[at:]
        else:
            at = chance.randrange(len(words))
            words = words[:at] + chance.choice("<>&/ x\0") + words[at + chance.randint(0, 2) :]
    return words.encode()


def test_a_damaged_index_is_what_its_tree_holds_or_no_tree_at_all(
    plates: Path, tmp_path: Path, harmony: SimpleNamespace
) -> None:
    chance, parsed = random.Random(20260303), 0
    contents = real(plates) + [generated(harmony, chance, version) for version in (4, 5, 6, 7)]
    for number in range(700):
        content = damaged(contents[number % len(contents)], chance)
        path = tmp_path / "a.xml"
        try:
            is_index = Tree(content).is_index
        except (ElementTree.ParseError, LookupError):  # broken, or in an encoding that nobody knows
            is_index = False
        if is_index:
            agree(path, content)
            parsed += 1
        else:
            path.write_bytes(content)
            with pytest.raises(FormatError):
                acquisition(path)
    assert 400 < parsed < 690
