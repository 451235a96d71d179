"""Routing of plates to microscope handlers, their metadata and their workspaces."""

from openhcs_host.plates.opening import detect_microscope, open_plate
from openhcs_host.plates.workspace import prepare_workspace, virtual_name, virtual_paths

__all__ = ["detect_microscope", "open_plate", "prepare_workspace", "virtual_name", "virtual_paths"]
