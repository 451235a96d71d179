"""CuPy arrays behind the contract of arrays.

Nothing here is imported by hand: ``host.memory("cupy")`` loads the one module that it needs, and CuPy comes
with the first array.
"""
