"""Paths that are URLs: ``s3://bucket/plate``, ``https://server/plate``, ``memory://run/plate``."""

from __future__ import annotations

import re
from typing import Final

import attrs

from openhcs_host.errors import InvalidPathError

__all__ = ["SCHEMES", "Address", "address_of", "canonical", "is_url"]

SCHEMES: Final = ("http", "https", "memory", "s3")
"""What stores are reached by. ``memory`` lives and dies with the backend object."""

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//?)([^/]*)(.*)\Z", re.DOTALL)


@attrs.frozen
class Address:
    """A URL, taken apart."""

    scheme: str
    authority: str
    """The bucket, or the server with its port."""
    key: str
    """What follows, without a slash before or after; empty for the whole bucket or server."""

    @property
    def base(self) -> str:
        """The URL of the bucket or the server."""
        return f"{self.scheme}://{self.authority}"


def is_url(path: str) -> bool:
    """Whether a path names something that is reached over a protocol."""
    match = _URL.match(path)
    return match is not None and (match[2] == "//" or match[1].lower() in SCHEMES)


def canonical(path: str) -> str:
    """Return a path as it is, a URL with its scheme in small letters and no slash at its end.

    ``pathlib`` makes one slash of two; where the scheme is one of ours, the second is put back. A scheme that is
    none of ours, and a URL without a bucket or with steps such as ``..``, are an ``InvalidPathError``: no URL
    is ever taken for the name of a folder here.
    """
    if ":/" not in path or not is_url(path):
        return path
    found = address_of(path)
    return f"{found.base}/{found.key}" if found.key else found.base


def address_of(path: str) -> Address:
    """Take a URL apart, or raise ``InvalidPathError``."""
    match = _URL.match(path)
    scheme = "" if match is None else match[1].lower()
    if match is None or scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise InvalidPathError(
            f"{path!r} is reached by {scheme or 'no scheme'}, and stores are read at {known}; "
            "give one of these, or the path of a folder without a scheme"
        )
    authority, key = match[3], match[4].removeprefix("/").removesuffix("/")
    if not authority:
        raise InvalidPathError(
            f"{path!r} names no {'server' if 'http' in scheme else 'bucket'}: {scheme}://NAME/…"
        )
    if key and any(part in ("", ".", "..") for part in key.split("/")):
        raise InvalidPathError(
            f"{path!r} has an empty step or one of '.' and '..', which no key of a store has"
        )
    if scheme.startswith("http") and not {"?", "#"}.isdisjoint(key):
        raise InvalidPathError(f"{path!r} has a query; documents lie below a URL, and a query ends one")
    return Address(scheme, authority, key)
