"""Which public keys count, and whether a signature on an anchor holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from console.errors import CommandError
from governance.anchor import Anchor, public_key_file

PublicKey = ec.EllipticCurvePublicKey


@dataclass
class KeyRing:
    """The keys that count: those given by hand, or else the published one of the first anchor.

    A published key lies beside the anchors: it shows that nothing was changed since, not that it is the installation's.
    """

    published: Callable[[str], bytes | None]
    given: dict[str, PublicKey] = field(default_factory=dict)
    _first: str | None = None
    _known: dict[str, PublicKey] = field(default_factory=dict)

    @staticmethod
    def of(files: Sequence[Path], published: Callable[[str], bytes | None]) -> KeyRing:
        """Raises CommandError for a file that holds no public key."""
        return KeyRing(published, dict(_given(path) for path in files))

    def check(self, anchor: Anchor) -> str | None:
        """What is wrong with an anchor's signature, None if it holds by a key that counts."""
        named = anchor.statement.key.public_sha256
        if self.given and named not in self.given:
            return f"is signed by key {named}, which is none of those given by --public-key"
        if not self.given and named != (self._first or named):
            return (
                f"is signed by key {named}, the anchors before it by {self._first}: if the key was changed on purpose,"
                " give each by --public-key"
            )
        try:
            key = self.given.get(named) or self._published(named)
        except ValueError as problem:
            return str(problem)
        try:
            key.verify(anchor.signature, anchor.statement.digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        except InvalidSignature:
            return f"has a signature that key {named} didn't make: it was changed, or signed by another key"
        self._first = self._first or named
        return None

    def _published(self, sha256: str) -> PublicKey:
        if sha256 not in self._known:
            content = self.published(sha256)
            if content is None:
                raise ValueError(
                    f"is signed by key {sha256}, which isn't published: no {public_key_file(sha256)} has that digest;"
                    " give it by --public-key"
                )
            try:
                self._known[sha256] = _loaded(content)
            except ValueError as problem:
                raise ValueError(f"is signed by key {sha256}, whose published file {problem}") from None
        return self._known[sha256]


def _given(path: Path) -> tuple[str, PublicKey]:
    try:
        key = _loaded(path.read_bytes())
    except OSError as problem:
        raise CommandError(f"--public-key {path} can't be read: {problem.strerror}") from None
    except ValueError as problem:
        raise CommandError(f"{path} {problem}; wanted: PEM or DER, as KMS GetPublicKey gives it") from None
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).hexdigest(), key


def _loaded(content: bytes) -> PublicKey:
    """Raises ValueError."""
    pem = content.lstrip().startswith(b"-----BEGIN")
    try:
        key = serialization.load_pem_public_key(content) if pem else serialization.load_der_public_key(content)
    except ValueError:
        raise ValueError("holds no public key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError(f"holds a {type(key).__name__}; wanted: an elliptic curve's, for ECDSA")
    return key
