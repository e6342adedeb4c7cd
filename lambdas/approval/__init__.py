"""Marks the approved artifact of a version with its stage's tag, so that the stage's serving role may read
it.
"""
