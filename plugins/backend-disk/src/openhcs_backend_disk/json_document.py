"""The format ``.json``: plain data, or a string that is a document already."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import numpy as np

from openhcs_backend_disk.checks import decoded, encoded, refuse_options
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import FormatError, UnsupportedDataError

__all__ = ["JsonFormat"]

OPENHCS_API = 1


class JsonFormat(Format):
    """Dictionaries with string keys, lists, strings, finite numbers, booleans and ``None``.

    NumPy scalars are written as the numbers they are. A string is written verbatim, as the document itself.
    """

    key = ".json"

    def write(
        self, data: Any, stream: BinaryIO, *, image: ImageMetadata | None = None, **options: Any
    ) -> None:
        """Write plain data, indented; refuse what would come back as something else."""
        refuse_options(self.key, "writing", options)
        stream.write(encoded(data if isinstance(data, str) else _document(data), self.key))

    def read(self, stream: BinaryIO, *, raw: bool = False, **options: Any) -> Any:
        """Return the data, or with ``raw`` the text as it stands."""
        refuse_options(self.key, "reading", options, ("raw",))
        text = decoded(stream, self.key)
        if raw:
            return text
        try:
            # Some editors begin a file with a byte order mark; it is no part of the document.
            return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object)
        except json.JSONDecodeError as error:
            raise FormatError(
                f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}; "
                "correct it, or load it with raw=True to see the text"
            ) from error
        except FormatError:
            raise
        except (ValueError, RecursionError) as error:  # a number of too many digits, nesting too deep
            raise FormatError(f"it is JSON that cannot be read: {error}") from error


def _document(data: Any) -> str:
    try:
        _check(data, "the data")
        return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False, default=_scalar) + "\n"
    except (ValueError, RecursionError) as error:
        # NaN, infinity, or a list that contains itself; UnsupportedDataError is no ValueError.
        raise UnsupportedDataError(f"format '.json' cannot hold this: {error}") from error


def _check(value: Any, where: str) -> None:
    # json.dumps would turn other keys into strings and tuples into lists without a word.
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise UnsupportedDataError(
                    f"format '.json' has string keys only, and {where} has the key {key!r}; use str(key)"
                )
            _check(item, key)
    elif isinstance(value, list):
        for item in value:
            _check(item, where)
    elif isinstance(value, tuple):
        raise UnsupportedDataError(
            f"format '.json' has no tuples, and {where!r} is one or holds one; use list(...)"
        )


def _scalar(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, (bool, int, float, str)):
        return plain
    raise UnsupportedDataError(
        f"format '.json' cannot hold {type(value).__name__}; "
        "convert it to dictionaries, lists, strings and numbers"
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise FormatError(
            f"an object in it has the key {twice!r} twice; remove one, or load it with raw=True"
        )
    return found


@hookimpl
def openhcs_create_format(key: str) -> JsonFormat:
    """Create the JSON format."""
    return JsonFormat()
