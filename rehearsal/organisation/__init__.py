"""The emulated organisation: one process, a gateway in front of moto, our own services where moto lacks."""
