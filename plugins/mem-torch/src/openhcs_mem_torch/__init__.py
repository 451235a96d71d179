"""PyTorch tensors behind the contract of arrays.

Nothing here is imported by hand: ``host.memory("torch")`` loads the one module that it needs, and PyTorch
comes with the first tensor.
"""
