"""Pipelines: steps of plain functions over every well of a plate."""

from openhcs_pipeline.components import Component
from openhcs_pipeline.configuration import VFSConfig
from openhcs_pipeline.image_files import label_images, roi_archives, tiff_stacks
from openhcs_pipeline.loading import load_pipeline
from openhcs_pipeline.materializers import counts_per_well, json_table
from openhcs_pipeline.object_tables import object_table
from openhcs_pipeline.plan import Plan, compile_plan
from openhcs_pipeline.run import RunResult, run_plan
from openhcs_pipeline.settings import PipelineConfig
from openhcs_pipeline.special import SpecialOutput, materialize_per, special_inputs, special_outputs
from openhcs_pipeline.step import FunctionStep

__all__ = [
    "Component",
    "FunctionStep",
    "PipelineConfig",
    "Plan",
    "RunResult",
    "SpecialOutput",
    "VFSConfig",
    "compile_plan",
    "counts_per_well",
    "json_table",
    "label_images",
    "load_pipeline",
    "materialize_per",
    "object_table",
    "roi_archives",
    "run_plan",
    "special_inputs",
    "special_outputs",
    "tiff_stacks",
]
