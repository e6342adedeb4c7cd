"""DynamoDB: tables and items on moto, with the checks and condition keys that moto leaves out; PartiQL of our own."""

from rehearsal.organisation.services import partiql

from . import answering, control, items

__all__ = ["answering", "control", "items", "partiql"]
