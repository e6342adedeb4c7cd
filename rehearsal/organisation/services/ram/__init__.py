"""RAM: customer-managed permissions, resource shares and invitations, of our own."""

import rehearsal.organisation.services.sagemaker  # noqa: F401  # registers its groups as shareable

from . import invitations, listing, permissions, shares

__all__ = ["invitations", "listing", "permissions", "shares"]
