"""The principals and resources of a share, and the invitations that principals outside the organisation get.

Sources: botocore ram AssociateResourceShare; RAM user guide: no invitation inside the organisation (sharing with it is
enabled at bootstrap), an invitation expires after 12 hours and its principal is disassociated.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params

from .principals import Principal, is_external, read_principal
from .sharing import shareable
from .store import Association, Invitation, Share, invalid, not_permitted, store, stores, unknown

INVITATION_LASTS = timedelta(hours=12)


def check_principal(org: Organisation, share: Share, text: str) -> Principal:
    """Read a principal and refuse one from outside where the share doesn't allow it."""
    principal = read_principal(org, text)
    if principal.account == share.owner:
        raise NotEmulated("sharing with the owner's own account by RAM")
    if is_external(org, share.owner, principal) and not share.allow_external:
        raise invalid(
            f"Principal {text} is not in your AWS organization. You do not have permission to add external AWS "
            "accounts to a resource share."
        )
    return principal


def check_resource(org: Organisation, call: Call, share: Share, arn: str) -> str:
    """The ARN, if it names an existing resource of the share's owner and region that can be shared.

    A share without a permission for its type is refused by name: AWS would attach its own default permission.
    """
    kind = shareable(arn)
    if kind is None:
        raise NotEmulated(f"sharing {arn} by RAM")
    account, region = arn.split(":")[4], arn.split(":")[3]
    if region != share.region:
        raise invalid(f"Resource {arn} is in {region}: it must be in the share's region, {share.region}.")
    if account != call.caller.account:
        raise not_permitted(f"You are not the owner of {arn}: only its owner can share it.")
    if not kind.exists(org, arn):
        raise unknown("Resource", arn)
    if kind.resource_type not in share.permissions:
        raise NotEmulated(f"AWS's default RAM permission for {kind.resource_type}")
    return arn


def add_resource(org: Organisation, share: Share, arn: str) -> Association:
    time = org.clock.now()
    return share.resources.setdefault(arn, Association(arn, "RESOURCE", "ASSOCIATED", time, time))


def add_principal(org: Organisation, share: Share, principal: Principal) -> Association:
    """Associate at once inside the organisation; send an invitation outside it."""
    held = share.principals.get(principal.text)
    if held is not None:
        return held
    time = org.clock.now()
    external = is_external(org, share.owner, principal)
    status = "ASSOCIATING" if external else "ASSOCIATED"
    added = Association(principal.text, "PRINCIPAL", status, time, time, external)
    share.principals[principal.text] = added
    if external:
        _invite(org, share, principal)
    return added


def _invite(org: Organisation, share: Share, principal: Principal) -> None:
    arn = f"arn:aws:ram:{share.region}:{share.owner}:resource-share-invitation/{uuid.uuid4()}"
    invitation = Invitation(arn, share, principal.text, principal.account, org.clock.now())
    store(org, share.owner, share.region).invitations[arn] = invitation


def settle_invitations(org: Organisation, region: str) -> None:
    """Let pending invitations expire whose 12 hours are over, and disassociate their principals."""
    time = org.clock.now()
    for held in stores(org, region):
        for invitation in held.invitations.values():
            if invitation.status == "PENDING" and time >= invitation.sent + INVITATION_LASTS:
                invitation.status = "EXPIRED"
                invitation.share.principals.pop(invitation.principal, None)


def shown(share: Share, one: Association) -> Params:
    """The association in ResourceShareAssociation's shape."""
    return {
        "resourceShareArn": share.arn,
        "resourceShareName": share.name,
        "associatedEntity": one.entity,
        "associationType": one.kind,
        "status": one.status,
        "creationTime": one.created,
        "lastUpdatedTime": one.updated,
        "external": one.external,
    }
