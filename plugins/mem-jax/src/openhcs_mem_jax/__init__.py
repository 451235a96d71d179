"""JAX arrays behind the contract of arrays.

Nothing here is imported by hand: ``host.memory("jax")`` loads the one module that it needs, and JAX comes
with the first array.
"""
