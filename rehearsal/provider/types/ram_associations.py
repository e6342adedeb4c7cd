"""aws.ram: ResourceAssociation, PrincipalAssociation. Ids: `share ARN,resource ARN` and `share ARN,principal`."""

from __future__ import annotations

import re

from rehearsal.provider.clients import Clients, NeverReady, is_gone, wait_until
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.values import UNKNOWN, Props

GONE = ("UnknownResourceException",)
ENDED = ("DISASSOCIATED", "FAILED")
ACCOUNT = re.compile(r"\d{12}")


ARN = re.compile(r"arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+")
ROOT = re.compile(r"arn:[a-z0-9-]+:iam::\d{12}:root")


def _check(args: Props) -> list[tuple[str, str]]:
    """What the Terraform provider validates (`ValidARN`, account id), and an account's root, which RAM refuses."""
    found = []
    for key, value in sorted(args.items()):
        form = "an ARN or, quoted, an account's 12 digits" if key == "principal" else "an ARN"
        good = isinstance(value, str) and (ARN.fullmatch(value) or (key == "principal" and ACCOUNT.fullmatch(value)))
        if key in ("principal", "resourceArn", "resourceShareArn") and value is not UNKNOWN:
            if not good:
                found.append((key, f"{key} is {value!r}: must be {form}"))
            elif ROOT.fullmatch(value):
                found.append((key, f"{key} is {value!r}: RAM takes the account's bare 12 digits"))
    return found


class AlreadyAssociated(Exception):
    """The association exists: the real provider refuses to adopt it, though RAM itself would answer success."""


def _association(pulumi_type: str, kind: str, argument: str, entity: str, entities: str) -> ResourceType:
    """A row. `entity` is the filter of GetResourceShareAssociations, `entities` the list of AssociateResourceShare."""

    def find(aws: Clients, share: str, value: str) -> Props | None:
        try:
            found = aws.pages(
                "ram", "get_resource_share_associations", "resourceShareAssociations",
                associationType=kind, resourceShareArns=[share], **{entity: value},
            )  # fmt: skip
        except Exception as error:
            if is_gone(error, GONE):
                return None
            raise
        return next((item for item in found if item["status"] not in ENDED), None)

    def create(aws: Clients, args: Props) -> str:
        share, value = args["resourceShareArn"], args[argument]
        if find(aws, share, value) is not None:
            raise AlreadyAssociated(f"{value} is associated with {share} already and is not adopted")
        aws.call("ram", "associate_resource_share", resourceShareArn=share, **{entities: [value]})
        return f"{share},{value}"

    def wait(aws: Clients, physical_id: str, args: Props) -> None:
        share, value = args["resourceShareArn"], args[argument]
        if kind == "PRINCIPAL" and ACCOUNT.fullmatch(value):
            return  # an account outside the organisation stays ASSOCIATING until it accepts the invitation

        def associated() -> bool:
            found = find(aws, share, value)
            if found is None:
                raise NeverReady(f"{value} could not be associated with {share}")
            return bool(found["status"] == "ASSOCIATED")

        wait_until(associated, f"the association {physical_id} didn't become ASSOCIATED")

    def read(aws: Clients, physical_id: str, known: Props) -> Props | None:
        share, _, value = physical_id.partition(",")
        if find(aws, share, value) is None:
            return None
        return {"resourceShareArn": share, argument: value}

    def delete(aws: Clients, physical_id: str, state: Props) -> None:
        share, _, value = physical_id.partition(",")
        aws.call("ram", "disassociate_resource_share", resourceShareArn=share, **{entities: [value]})
        wait_until(lambda: find(aws, share, value) is None, f"the association {physical_id} wasn't taken back")

    return ResourceType(
        pulumi_type=pulumi_type,
        # An association has no properties to update: whatever changes, it is another one.
        arguments={argument: Argument(replaces=True), "resourceShareArn": Argument(replaces=True)},
        check=_check,
        create=create,
        configure=wait,
        read=read,
        delete=delete,
        gone=GONE,
    )


RESOURCE = _association(
    "aws:ram/resourceAssociation:ResourceAssociation", "RESOURCE", "resourceArn", "resourceArn", "resourceArns"
)
PRINCIPAL = _association(
    "aws:ram/principalAssociation:PrincipalAssociation", "PRINCIPAL", "principal", "principal", "principals"
)

ASSOCIATIONS = (RESOURCE, PRINCIPAL)
