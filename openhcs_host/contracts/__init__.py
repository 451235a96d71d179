"""The contracts: what a plugin of each kind must do, and what it may rely on.

Importing them costs no array library and no plugin; `docs/contracts.md` explains each.
"""
