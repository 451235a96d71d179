"""TensorFlow tensors behind the contract of arrays.

Nothing here is imported by hand: ``host.memory("tensorflow")`` loads the one module that it needs, and
TensorFlow comes with the first tensor.
"""
