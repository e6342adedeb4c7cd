"""Checksums of objects: verified when sent, stored, and given back.

Source: AmazonS3 user guide, checking-object-integrity-upload: a checksum that doesn't match is BadDigest; SHA-256 of a
multipart upload is composite (`…-N`); Content-MD5 likewise. CRC32C, CRC64NVME and the other newer algorithms have no
implementation here and are refused by name. AWS adds a CRC64NVME of its own to objects sent without any: not emulated.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Sequence

from rehearsal.organisation.core import ApiError, NotEmulated, Params

from .store import Checksum

_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "SHA256": lambda body: hashlib.sha256(body).digest(),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "CRC32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
}
_UNKNOWN = ("CRC32C", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")


def checked(params: Params, body: bytes) -> Checksum | None:
    """The checksum to store with a body: the one sent, verified, or the one asked for by ChecksumAlgorithm."""
    _check_md5(params.get("ContentMD5"), body)
    algorithm, sent = _sent(params)
    if algorithm is None:
        return None
    value = computed(algorithm, body)
    if sent is not None and sent != value:
        raise ApiError(
            "BadDigest",
            f"The {algorithm} you specified did not match the calculated checksum: sent {sent}, calculated {value}.",
        )
    return Checksum(algorithm, value)


def computed(algorithm: str, body: bytes) -> str:
    """The Base64 checksum of a body."""
    if algorithm not in _DIGESTS:
        raise NotEmulated(f"S3 checksum {algorithm}")
    return base64.b64encode(_DIGESTS[algorithm](body)).decode()


def composite(algorithm: str, parts: Sequence[Checksum]) -> Checksum:
    """The checksum of checksums of a multipart upload, with the number of parts."""
    joined = b"".join(base64.b64decode(part.value) for part in parts)
    return Checksum(algorithm, f"{computed(algorithm, joined)}-{len(parts)}", "COMPOSITE")


def refuse_unknown(params: Params) -> None:
    for algorithm in _UNKNOWN:
        if params.get(f"Checksum{algorithm}") or params.get("ChecksumAlgorithm") == algorithm:
            raise NotEmulated(f"S3 checksum {algorithm}")


def _sent(params: Params) -> tuple[str | None, str | None]:
    refuse_unknown(params)
    for algorithm in _DIGESTS:
        if params.get(f"Checksum{algorithm}"):
            return algorithm, params[f"Checksum{algorithm}"]
    return params.get("ChecksumAlgorithm"), None


def _check_md5(sent: str | None, body: bytes) -> None:
    if sent is None:
        return
    value = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if sent != value:
        raise ApiError("BadDigest", f"The Content-MD5 you specified did not match what we received: {sent}.")
