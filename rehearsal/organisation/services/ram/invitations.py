"""Invitations to principals outside the owner's organisation: read, accept, reject."""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves

from .associations import settle_invitations, shown
from .needs import anywhere, on_invitation
from .store import Invitation, once, owner_of, paged, store, stores

_MODEL = "botocore ram service-2: "


@serves("ram", "GetResourceShareInvitations", needs=anywhere, source=_MODEL + "GetResourceShareInvitations")
def get_invitations(org: Organisation, call: Call) -> Params:
    settle_invitations(org, call.region)
    params = call.params
    rows = [
        _view(invitation)
        for held in stores(org, call.region)
        for invitation in held.invitations.values()
        if invitation.receiver == call.caller.account
        and (not params.get("resourceShareInvitationArns") or invitation.arn in params["resourceShareInvitationArns"])
        and (not params.get("resourceShareArns") or invitation.share.arn in params["resourceShareArns"])
    ]
    return paged("resourceShareInvitations", rows, params)


@serves(
    "ram",
    "AcceptResourceShareInvitation",
    needs=on_invitation,
    source=_MODEL + "AcceptResourceShareInvitation: access from then on; expired after 12 hours",
)
def accept(org: Organisation, call: Call) -> Params:
    return once(org, call, lambda: _settle(org, call, "ACCEPTED"))


@serves("ram", "RejectResourceShareInvitation", needs=on_invitation, source=_MODEL + "RejectResourceShareInvitation")
def reject(org: Organisation, call: Call) -> Params:
    return once(org, call, lambda: _settle(org, call, "REJECTED"))


def _settle(org: Organisation, call: Call, status: str) -> Params:
    settle_invitations(org, call.region)
    invitation = _pending(org, call)
    invitation.status = status
    if status == "REJECTED":
        invitation.share.principals.pop(invitation.principal, None)
    elif association := invitation.share.principals.get(invitation.principal):
        association.status = "ASSOCIATED"
        association.updated = org.clock.now()
    return {"resourceShareInvitation": _view(invitation)}


def _pending(org: Organisation, call: Call) -> Invitation:
    arn = call.params["resourceShareInvitationArn"]
    account, region = owner_of(arn)
    invitation = store(org, account, region).invitations.get(arn)
    if invitation is None or invitation.receiver != call.caller.account:
        raise ApiError(
            "ResourceShareInvitationArnNotFoundException", f"Resource share invitation {arn} could not be found."
        )
    if invitation.status != "PENDING":
        ending = {"ACCEPTED": "AlreadyAccepted", "REJECTED": "AlreadyRejected", "EXPIRED": "Expired"}
        raise ApiError(
            f"ResourceShareInvitation{ending[invitation.status]}Exception",
            f"Resource share invitation {arn} is {invitation.status.lower()}.",
        )
    return invitation


def _view(invitation: Invitation) -> Params:
    share = invitation.share
    return {
        "resourceShareInvitationArn": invitation.arn,
        "resourceShareName": share.name,
        "resourceShareArn": share.arn,
        "senderAccountId": share.owner,
        "receiverAccountId": invitation.receiver,
        "invitationTimestamp": invitation.sent,
        "status": invitation.status,
        "resourceShareAssociations": [shown(share, one) for one in share.resources.values()],
    }
