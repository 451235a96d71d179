"""The documents of OME-NGFF 0.4 and 0.5: read, written and checked as JSON, without an array library."""
