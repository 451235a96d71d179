"""Reads the plates of ImageXpress microscopes, as the MetaXpress software leaves them."""
