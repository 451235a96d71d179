"""Pipelines: steps of plain functions over every well of a plate."""

from openhcs_pipeline.components import Component
from openhcs_pipeline.configuration import VFSConfig
from openhcs_pipeline.loading import load_pipeline
from openhcs_pipeline.materializers import counts_per_well
from openhcs_pipeline.plan import Plan, compile_plan
from openhcs_pipeline.run import RunResult, run_plan
from openhcs_pipeline.special import SpecialOutput, special_outputs
from openhcs_pipeline.step import FunctionStep

__all__ = [
    "Component",
    "FunctionStep",
    "Plan",
    "RunResult",
    "SpecialOutput",
    "VFSConfig",
    "compile_plan",
    "counts_per_well",
    "load_pipeline",
    "run_plan",
    "special_outputs",
]
