"""Reading a pipeline from a Python file."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs

from openhcs_host.errors import PathNotFoundError, PipelineError
from openhcs_pipeline.settings import PipelineConfig
from openhcs_pipeline.step import FunctionStep

__all__ = ["PIPELINE_MODULE", "PipelineFile", "load_pipeline", "load_pipeline_file"]

PIPELINE_MODULE: Final = "openhcs_pipeline_file_"
"""What the names of the modules of pipeline files begin with."""


@attrs.frozen
class PipelineFile:
    """What a pipeline file defines."""

    path: str
    """The file as it was named."""
    steps: list[FunctionStep]
    """Its variable ``pipeline``."""
    config: PipelineConfig | None
    """Its variable ``config``, if it has one."""


def load_pipeline(path: str | os.PathLike[str]) -> list[FunctionStep]:
    """Run the file and return its variable ``pipeline``, a list of ``FunctionStep``.

    Raises ``PathNotFoundError`` without the file, ``PipelineError`` when it fails or defines no pipeline.
    """
    return load_pipeline_file(path).steps


def load_pipeline_file(path: str | os.PathLike[str]) -> PipelineFile:
    """Run the file and return what it defines: ``pipeline``, and ``config`` if it configures its runs.

    Raises ``PathNotFoundError`` without the file, ``PipelineError`` when it fails or defines no pipeline.
    """
    file = Path(path).absolute()
    if not file.is_file():
        raise PathNotFoundError(f"there is no pipeline file {str(path)!r}")
    module = _run(file, str(path))
    steps, config = getattr(module, "pipeline", None), getattr(module, "config", None)
    if not isinstance(steps, list) or not all(isinstance(step, FunctionStep) for step in steps):
        raise PipelineError(f"{str(path)!r} defines no variable 'pipeline' that is a list of FunctionStep")
    if config is not None and not isinstance(config, PipelineConfig):
        raise PipelineError(
            f"{str(path)!r}: the variable 'config' is a {type(config).__name__}, no PipelineConfig"
        )
    return PipelineFile(str(path), steps, config)


def _run(file: Path, path: str) -> ModuleType:
    name = f"{PIPELINE_MODULE}{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PipelineError(f"{path!r} is no Python file; a pipeline file ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its functions and classes must be findable by their module's name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PipelineError(f"pipeline file {path!r} fails: {type(error).__name__}: {error}") from error
    return module
