"""Images of pyclesperanto and of its prototype behind the contract of arrays.

Nothing here is imported by hand: ``host.memory("pyclesperanto")`` and ``host.memory("pyclesperanto_prototype")``
load what they need, and the libraries come with the first image.
"""
