"""DeleteObject and DeleteObjects: markers where versions are kept, versions for good by their id."""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves

from .locking import bypasses, require_deletable
from .needs import delete_objects, on_object, with_bypass
from .objects import check_preconditions, open_bucket
from .store import Bucket, Version

_API = "S3 API reference: "


@serves(
    "s3", "DeleteObject", needs=with_bypass(on_object("DeleteObject", versioned=("DeleteObjectVersion",))),
    source=_API + "DeleteObject: a delete marker in a versioned bucket, a version for good with its id; object-lock",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    if params.get("IfMatch") is not None:
        check_preconditions(bucket, params)
    return remove(org, bucket, params["Key"], params.get("VersionId"), bypass=bypasses(call))


@serves(
    "s3",
    "DeleteObjects",
    needs=delete_objects,
    fidelity="emulated",
    source=_API + "DeleteObjects",
    note="rights are all or nothing: one key without them denies the whole request, where AWS reports it per key, as "
    "here for locked versions",
)
def delete_many(org: Organisation, call: Call) -> Params:
    bucket = open_bucket(org, call)
    deleted: list[Params] = []
    errors: list[Params] = []
    for one in call.params["Delete"]["Objects"]:
        row: Params = {name: one[name] for name in ("Key", "VersionId") if one.get(name)}
        try:
            answer = remove(org, bucket, one["Key"], one.get("VersionId"), bypass=bypasses(call))
        except ApiError as error:
            errors.append(row | {"Code": error.code, "Message": error.message})
            continue
        if answer.get("DeleteMarker"):
            row |= {"DeleteMarker": True, "DeleteMarkerVersionId": answer["VersionId"]}
        deleted.append(row)
    answered: Params = {} if call.params["Delete"].get("Quiet") else {"Deleted": deleted}
    return answered | ({"Errors": errors} if errors else {})


def remove(org: Organisation, bucket: Bucket, key: str, version_id: str | None, *, bypass: bool = False) -> Params:
    """Delete a version by its id, or the key: by a marker where versions are kept, for good elsewhere.

    Raises ApiError (AccessDenied) for a version that is locked; `bypass` reaches through GOVERNANCE.
    """
    if version_id is not None:
        found = bucket.find(key, version_id)
        if found is not None:
            require_deletable(found, org.clock.now(), bypass=bypass)
            bucket.drop(found)
            return {"VersionId": version_id} | ({"DeleteMarker": True} if found.marker else {})
        return {"VersionId": version_id}
    if not bucket.versioning:
        bucket.objects.pop(key, None)
        return {}
    marker = Version(key, bucket.new_version_id(), org.clock.now(), marker=True)
    bucket.add(marker)
    return {"DeleteMarker": True, "VersionId": marker.id}
