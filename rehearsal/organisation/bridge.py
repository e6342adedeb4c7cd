"""moto, called as a library: a request made from parameters, its answer as HTTP; crashes are refusals by
name.
"""

from __future__ import annotations

import os
import threading
from typing import Any, ClassVar

from rehearsal.organisation.core import Call, NotEmulated
from rehearsal.organisation.model import model
from rehearsal.organisation.wire import CBOR, Http, to_environ, write

REGIONLESS = frozenset({"iam", "s3", "sts", "organizations"})
HOST = "127.0.0.1"


LOCK = threading.RLock()
"""moto isn't thread-safe and keeps its state in module variables: one lock for the whole process."""


class Moto:
    """moto's services with a state of their own, though moto itself keeps one state per process.

    Whichever instance is used lays its state into moto's dictionaries and puts the other one's aside; so organisations
    of one process (tests) don't see each other. Calls must be made under `LOCK`.
    """

    _active: ClassVar[Moto | None] = None

    def __init__(self) -> None:
        os.environ.pop("MOTO_ACCOUNT_ID", None)  # it would overrule the account that each request names
        self._dispatcher: Any = None
        self._apps: dict[str, Any] = {}
        self._aside: list[tuple[Any, dict[str, Any], dict[str, Any]]] = []
        self._opened: set[str] = set()

    def _activate(self) -> None:
        if Moto._active is self:
            return
        if Moto._active is not None:
            Moto._active._aside = _taken()
        for backends, accounts, buckets in self._aside:
            backends.update(accounts)
            _buckets(backends).update(buckets)
        Moto._active = self

    def forget(self) -> None:
        """Drop the state, for an organisation that stops."""
        with LOCK:
            if Moto._active is self:
                _taken()
                Moto._active = None
            self._aside = []

    def backend(self, service: str, account: str, region: str) -> Any:
        """moto's backend object of a service in an account (and region, where the service has regions)."""
        from moto.backends import get_backend

        with LOCK:
            self._activate()
            backends = get_backend(service)[account]  # type: ignore[call-overload]  # any of moto's service names
            return backends["aws" if service in REGIONLESS else region]

    def bucket_owner(self, name: str) -> str | None:
        """The account that owns a bucket: bucket names are unique over all accounts."""
        from moto.s3.models import s3_backends

        with LOCK:
            self._activate()
            owners = (account for account in list(s3_backends) if name in s3_backends[account]["aws"].buckets)
            return next(owners, None)

    def _app(self, service: str, environ: dict[str, Any]) -> Any:
        """moto's application of a service; its dispatcher looks through all services, so it is asked once."""
        if service not in self._apps:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            self._dispatcher = self._dispatcher or DomainDispatcherApplication(create_backend_app)
            self._apps[service] = self._dispatcher.get_application(environ)
        return self._apps[service]

    def answer(self, call: Call, protocol: str | None) -> tuple[Http, str]:
        """moto's answer to a call, and the protocol it is written in. Raises NotEmulated where moto crashes."""
        self._activate()
        if call.service == "s3" and "s3" not in self._opened:
            self._opened.add("s3")
            _leave_decisions_to_us()
        described = model(call.service)
        spoken = protocol
        if spoken in (None, CBOR):
            spoken = next(str(p) for p in described.metadata.get("protocols", [described.protocol]) if p != CBOR)
        request = write(call.service, call.operation, call.params, spoken)
        scope = f"MOTO/20260101/{call.region}/{described.signing_name}/aws4_request"
        environ = to_environ(request, HOST) | {
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "HTTP_X_MOTO_ACCOUNT_ID": call.owner,
        }
        started: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            chunks = self._app(call.service, environ)(
                environ, lambda status, headers, _=None: started.append((status, headers))
            )
            body = b"".join(chunks)
        except Exception as error:
            what = f"{call.service}:{call.operation} with parameters {sorted(call.params)} (moto failed: {error!r})"
            raise NotEmulated(what) from error
        status, headers = started[0]
        code = int(status.split(" ", 1)[0])
        if code >= 500:
            raise NotEmulated(f"{call.service}:{call.operation} (moto answered {status}: {body[:200]!r})")
        return Http("", "", "", dict(headers), body, code), str(spoken)


def _buckets(backends: Any) -> dict[str, Any]:
    """S3's table of all bucket names, which stands beside its accounts; empty for other services."""
    found: dict[str, Any] = getattr(backends, "bucket_accounts", {})
    return found


def _taken() -> list[tuple[Any, dict[str, Any], dict[str, Any]]]:
    """Take moto's whole state out of its dictionaries: (dictionary, accounts, bucket names)."""
    from moto.core.base_backend import BackendDict

    taken = []
    for backends in BackendDict._instances:  # type: ignore[misc]  # moto declares it so
        taken.append((backends, dict(backends), dict(_buckets(backends))))
        backends.clear()
        _buckets(backends).clear()
    return taken


def _leave_decisions_to_us() -> None:
    """Switch off moto's own reading of bucket policies: it ignores conditions, so a TLS-only Deny blocks
    everything.

    Every S3 call was decided by our authoriser before moto sees it.
    """
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    def neutral(_bucket: Any, _action: str, _resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    FakeBucket.get_permission = neutral  # type: ignore[assignment,method-assign]  # moto has no switch for it
