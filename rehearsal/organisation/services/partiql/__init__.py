"""PartiQL of our own, carried out on moto's tables."""

from . import operations

__all__ = ["operations"]
