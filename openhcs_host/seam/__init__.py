"""The seam: find what is installed, activate what is asked for.

Four files to read: ``kinds`` (what there is to provide), ``hookspecs`` (how it is created),
``index`` (what is installed) and ``host`` (what is activated).
"""
