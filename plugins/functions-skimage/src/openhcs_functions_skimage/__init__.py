"""Functions of scikit-image and scipy.ndimage by name.

Nothing here is imported by hand: ``host.functions("skimage")`` loads what it needs.
"""
