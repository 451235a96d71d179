"""Reading a pipeline from a Python file."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from openhcs_host.errors import PathNotFoundError, PipelineError
from openhcs_pipeline.step import FunctionStep

__all__ = ["load_pipeline"]


def load_pipeline(path: str | os.PathLike[str]) -> list[FunctionStep]:
    """Run the file and return its variable ``pipeline``, a list of ``FunctionStep``.

    Raises ``PathNotFoundError`` without the file, ``PipelineError`` when it fails or defines no pipeline.
    """
    file = Path(path).absolute()
    if not file.is_file():
        raise PathNotFoundError(f"there is no pipeline file {str(path)!r}")
    name = f"openhcs_pipeline_file_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PipelineError(f"{str(path)!r} is no Python file; a pipeline file ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its functions and classes must be findable by their module's name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PipelineError(f"pipeline file {str(path)!r} fails: {type(error).__name__}: {error}") from error
    steps = getattr(module, "pipeline", None)
    if not isinstance(steps, list) or not all(isinstance(step, FunctionStep) for step in steps):
        raise PipelineError(f"{str(path)!r} defines no variable 'pipeline' that is a list of FunctionStep")
    return steps
