"""One self-contained HTML file about the output folder of a run."""

from openhcs_report.report import Report, make_report

__all__ = ["Report", "make_report"]
