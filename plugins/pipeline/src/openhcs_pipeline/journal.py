"""Which wells of a run are finished, so that an interrupted run goes on where it was.

A folder ``journal`` in the output: ``run.json`` says which run it is, ``A01.json`` that a well is finished,
``A01.npz`` holds arrays among its special outputs. A well's file appears whole and after everything else of the
well, flushed to the medium, so it is there only if the well is.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np

from openhcs_host.contracts.images import Coordinates
from openhcs_host.errors import MetadataError, PipelineError, UnsupportedDataError
from openhcs_host.files.atomic import atomic_write
from openhcs_pipeline.identity import differences
from openhcs_pipeline.journal_values import packed, unpacked
from openhcs_pipeline.special import SpecialOutput
from openhcs_pipeline.well import WellResult

__all__ = ["FOLDER", "Journal"]

FOLDER: Final = "journal"
_RUN: Final = "run.json"
_LOCK: Final = "run.lock"


class Journal:
    """The finished wells of the run in one output folder."""

    def __init__(self, output: Path) -> None:
        self._folder = output / FOLDER

    def exists(self) -> bool:
        """Whether a run was begun in this output."""
        return (self._folder / _RUN).is_file()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other run out of this output; a process that dies lets go.

        Raises ``PipelineError`` if another run is in it.
        """
        import filelock  # only runs need it

        lock = filelock.FileLock(self._folder / _LOCK, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise PipelineError(
                f"another run is writing to {str(self._folder.parent)!r}; wait for its end, or name another output"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Write down which run this is."""
        self._write(_RUN, json.dumps(identity, indent=1).encode())

    def check(self, identity: Mapping[str, Any]) -> None:
        """Raise ``PipelineError`` with the reasons if the run that was begun is another one."""
        reasons = differences(self._read(self._folder / _RUN), json.loads(json.dumps(identity)))
        if reasons:
            raise PipelineError(
                "this is not the run that was interrupted, so it cannot be resumed:\n"
                + "\n".join(f"  - {reason}" for reason in reasons)
                + "\nUndo the change, or start anew with overwrite"
            )

    def finish(self, result: WellResult, source: str) -> str | None:
        """Write down that a well is finished; return why it cannot be, one sentence, or ``None``.

        ``source`` tells the planes that it was made of from changed ones.
        """
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        try:
            specials = {
                name: [{**_place(output), "value": packed(output.value, arrays)} for output in outputs]
                for name, outputs in result.specials.items()
            }
        except UnsupportedDataError as error:
            return (
                f"well {result.well} would be worked on again after an interruption, because its special outputs "
                f"cannot be written down: {error}"
            )
        if arrays:
            stream = io.BytesIO()
            np.savez(stream, **arrays)  # type: ignore[arg-type]
            self._write(f"{result.well}.npz", stream.getvalue())
        document = {
            "well": result.well,
            "source": source,
            "images": [list(image.place) for image in result.images],
            "seconds": result.seconds,
            "warnings": list(result.warnings),
            "files": list(result.files),
            "specials": specials,
            "arrays": bool(arrays),
        }
        self._write(f"{result.well}.json", json.dumps(document).encode())
        return None

    def finished(self, well: str, source: str) -> WellResult | None:
        """Return the result of a finished well, ``None`` if it is not finished, or its planes have changed."""
        path = self._folder / f"{well}.json"
        if not path.is_file():
            return None
        entry = self._read(path)
        if entry["source"] != source:
            return None
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        if entry["arrays"]:
            with np.load(self._folder / f"{well}.npz", allow_pickle=False) as stored:
                arrays = dict(stored)
        specials = {
            name: tuple(
                SpecialOutput(well=well, **{**output, "value": unpacked(output["value"], arrays)})
                for output in outputs
            )
            for name, outputs in entry["specials"].items()
        }
        images = tuple(Coordinates(well, *place) for place in entry["images"])
        return WellResult(
            well,
            images,
            specials,
            entry["seconds"],
            warnings=tuple(entry["warnings"]),
            files=tuple(entry["files"]),
        )

    def forget(self, well: str) -> None:
        """Take a well back, before it is worked on again."""
        (self._folder / f"{well}.json").unlink(missing_ok=True)

    def _write(self, name: str, content: bytes) -> None:
        with atomic_write(os.fspath(self._folder / name), overwrite=True, power=True) as stream:
            stream.write(content)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            found = json.loads(path.read_bytes())
        except ValueError as error:
            raise MetadataError(
                f"{str(path)!r} is corrupt: {error}. Delete it to have its well done again"
            ) from error
        if not isinstance(found, dict):
            raise MetadataError(f"{str(path)!r} holds no object; delete it to have its well done again")
        return found


def _place(output: SpecialOutput) -> dict[str, Any]:
    names = ("site", "channel", "z_index", "timepoint")
    return {
        field.name: getattr(output, field.name)
        for field in attrs.fields(SpecialOutput)
        if field.name in names
    }
