"""Writes the catalogue: what `chosen.toml` says, with the parameters that the installed libraries have.

python generate_catalogue.py            writes src/openhcs_functions_skimage/catalogue.json
python generate_catalogue.py --check    exit status 1 if that file is not what would be written
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
CHOSEN: Final = HERE / "chosen.toml"
CATALOGUE: Final = HERE / "src" / "openhcs_functions_skimage" / "catalogue.json"
KEYS: Final = ("path", "summary", "scope", "form", "takes", "outputs", "fixed", "defaults", "hidden", "own")
VOLUME: Final = {
    "name": "volume",
    "type": "bool: work on the stack as a volume, not plane by plane",
    "default": "False",
}

_OWN_TYPES: Final = {"output": "dtype of the result"}  # SciPy would also write into an array

Row = dict[str, Any]


def rows() -> list[Row]:
    """Return the catalogue of the libraries that are installed."""
    chosen = tomllib.loads(CHOSEN.read_text(encoding="utf-8"))
    hidden = frozenset(chosen.pop("hidden"))
    return [_row(name, choice, hidden) for name, choice in chosen.items()]


def text() -> str:
    """Return the catalogue as it is written."""
    return json.dumps(rows(), indent=1, ensure_ascii=False) + "\n"


def _row(name: str, choice: Mapping[str, Any], hidden: frozenset[str]) -> Row:
    unknown = sorted(choice.keys() - set(KEYS))
    if unknown:
        raise ValueError(f"{CHOSEN.name}: [{name}] has {', '.join(unknown)}; it may have {', '.join(KEYS)}")
    module, _, attribute = choice["path"].rpartition(".")
    function = getattr(importlib.import_module(module), attribute)
    scope = choice.get("scope", "either")
    left_out = hidden | set(choice.get("hidden", ())) | choice.get("fixed", {}).keys()
    parameters = list(_parameters(function, left_out, choice.get("defaults", {})))
    own = choice.get("own", {})
    parameters += [
        {"name": word, "type": kind, "default": repr(value)} for word, (kind, value) in own.items()
    ]
    return {
        "name": name,
        "path": choice["path"],
        "summary": choice["summary"],
        "scope": scope,
        "form": choice.get("form", "result"),
        "takes": choice.get("takes", "as_is"),
        "outputs": choice.get("outputs", ["image"]),
        "given": {
            **choice.get("fixed", {}),
            **choice.get("defaults", {}),
            **{word: value for word, (_, value) in own.items()},
        },
        "parameters": parameters + ([VOLUME] if scope == "either" else []),
    }


def _parameters(
    function: Callable[..., Any], left_out: frozenset[str] | set[str], defaults: Mapping[str, Any]
) -> Iterator[dict[str, str | None]]:
    types = _types(inspect.getdoc(function) or "")
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        deprecated = "DEPRECATED" in repr(parameter.default)
        if parameter.name in left_out or parameter.kind is parameter.VAR_KEYWORD or deprecated:
            continue
        default = defaults.get(parameter.name, parameter.default)
        yield {
            "name": parameter.name,
            "type": _OWN_TYPES.get(parameter.name, types.get(parameter.name, "")),
            "default": None if default is parameter.empty else repr(default),
        }


def _types(docstring: str) -> dict[str, str]:
    """Return parameter to type from a docstring in the form of numpydoc."""
    sections = re.split(
        r"^(\w[\w ]*)\n-{3,}$", docstring, flags=re.M
    )  # text, then headings and texts in turn
    described = "\n".join(
        body for head, body in zip(sections[1::2], sections[2::2], strict=True) if head.endswith("Parameters")
    )
    found = re.findall(r"^(\w[\w, ]*?) ?: ?(.+)$", described, re.M)
    return {name.strip(): _plain(kind) for names, kind in found for name in names.split(",")}


def _plain(kind: str) -> str:
    kind = re.split(r",? ?\(?optional|,? ?\(?default", kind)[0]
    return re.sub(r":\w+:`~?([^`]*)`", r"\1", kind).strip(" ,.").replace("`", "").replace("‘", "'")


def main(arguments: list[str]) -> int:
    """Write the catalogue, or check it; return the exit status."""
    made = text()
    if arguments == ["--check"]:
        return int(CATALOGUE.read_text(encoding="utf-8") != made)
    CATALOGUE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
