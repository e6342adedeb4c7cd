"""`POST /_rehearsal/<verb>`: what a harness needs of the organisation and no AWS API gives. Only loopback
gets here.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

from rehearsal.organisation import core
from rehearsal.organisation.core import ApiError, Credentials
from rehearsal.organisation.delivery.disturbance import Disturbance
from rehearsal.organisation.faults import Crash, Throttle
from rehearsal.organisation.loopback import is_loopback
from rehearsal.organisation.wire import Http

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator

PREFIX = "/_rehearsal/"


def control(org: Emulator, environ: dict[str, Any], body: bytes) -> Http:
    """Answer a control request: JSON in, JSON out; errors as `{"error", "message"}` with 4xx."""
    if not is_loopback(str(environ.get("REMOTE_ADDR", ""))) or environ["REQUEST_METHOD"] != "POST":
        return _json({"error": "Forbidden", "message": "POST from this machine only"}, 403)
    verb = environ["PATH_INFO"].removeprefix(PREFIX)
    if verb not in VERBS:
        known = ", ".join(sorted(VERBS))
        return _json({"error": "UnknownVerb", "message": f"no verb {verb!r}; there are {known}"}, 404)
    try:
        return _json(VERBS[verb](org, json.loads(body) if body else {}))
    except ApiError as error:
        return _json({"error": error.code, "message": error.message}, error.status)
    except (KeyError, ValueError, TypeError) as error:
        return _json({"error": "BadRequest", "message": f"{verb}: {error!r}"}, 400)
    except TimeoutError as error:
        return _json({"error": "Timeout", "message": str(error)}, 408)
    except Exception as error:  # noqa: BLE001 - the harness must read what broke, not a dropped connection
        traceback.print_exc()
        return _json({"error": "Bug", "message": f"{verb}: {error!r}"}, 500)


def _json(value: Any, status: int = 200) -> Http:
    return Http("", "", "", {"Content-Type": "application/json"}, json.dumps(value, default=str).encode(), status)


def _credentials(credentials: Credentials) -> dict[str, str]:
    return {
        "AccessKeyId": credentials.access_key,
        "SecretAccessKey": credentials.secret_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expires.isoformat(),
        "Arn": credentials.arn,
    }


def _assume_as_service(org: Emulator, sent: dict[str, Any]) -> dict[str, str]:
    credentials, _ = org.service_session(
        sent["service"],
        sent["role_arn"],
        session_name=sent["session_name"],
        source_arn=sent.get("source_arn"),
        source_account=sent.get("source_account"),
    )
    if ":user-profile/" in (sent.get("source_arn") or ""):
        from rehearsal.organisation.services.sagemaker.studio.store import opened

        opened(org, sent["source_arn"], credentials.access_key)
    return _credentials(credentials)


def _drain(org: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    org.drain(float(sent.get("timeout_seconds", 30)))
    return {}


def _advance(org: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    org.clock.advance(timedelta(seconds=float(sent["seconds"])))
    return {"now": org.clock.now().isoformat()}


def _state(org: Emulator, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "requests": len(org.log),
        "events": len(org.events),
        "served": len(core.SERVED),
        "now": org.clock.now().isoformat(),
    }


def _accounts(org: Emulator, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "organisation": org.id,
        "region": org.region,
        "endpoint": org.endpoint,
        "admin": _credentials(org.admin),
        "accounts": [
            {
                "name": account.name,
                "id": account.id,
                "in_organisation": account.in_organisation,
                "admin_role": None if account.name == org.settings.management else org.people.admin_role(account),
            }
            for account in org.accounts.values()
        ],
    }


def _disturb(org: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Deliver events untidily and let calls fail from now on, by the organisation's seed; nothing sent: no more."""
    throttles = [Throttle(**one) for one in sent.pop("throttles", ())]
    crashes = [Crash(**one) for one in sent.pop("crashes", ())]
    disturbance = Disturbance(seed=org.seed, **sent) if sent else None
    org.component("events").disturb(disturbance)
    org.faults.set(throttles, crashes)
    return {}


def _trail(org: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    return asdict(org.trail.change(**sent))


def _hosting(org: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Fail an endpoint's next deployment (`fail`), maintain it (`maintain`), or move an image's tag (`push`)."""
    from rehearsal.organisation.services.sagemaker import control as hosting

    what = sent.pop("what")
    if what == "push":
        hosting.push_image(org, **sent)
        return {}
    where = (org.accounts[sent.pop("account")].id, sent.pop("region", org.region), sent.pop("endpoint"))
    if what == "fail":
        hosting.fail_next_deployment(org, *where, **sent)
    elif what == "maintain":
        hosting.maintain_endpoint(org, *where, **sent)
    else:
        raise ValueError(f"what is {what!r}: it must be fail, maintain or push; nothing was done")
    return {}


def _endpoint_load(org: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Give an endpoint's variant a load, which only SageMaker itself could put into CloudWatch."""
    from rehearsal.organisation.services.cloudwatch.endpoint_load import put_load

    recorded = put_load(
        org, org.accounts[sent["account"]].id, sent["endpoint"], sent["variant"], sent["metrics"],
        component=sent.get("component"), ago_seconds=float(sent.get("ago_seconds", 0)),
    )  # fmt: skip
    return {"recorded": recorded}


def _stop(org: Emulator, _: dict[str, Any]) -> dict[str, Any]:
    Thread(target=org.stop, name="stop", daemon=True).start()
    return {}


VERBS: dict[str, Callable[[Emulator, dict[str, Any]], Any]] = {
    "accounts": _accounts,
    "assume-as-service": _assume_as_service,
    "clock/advance": _advance,
    "credentials": lambda org, sent: _credentials(org.people.credentials(sent["account"], sent.get("role"))),
    "disturb": _disturb,
    "drain": _drain,
    "endpoint-load": _endpoint_load,
    "events": lambda org, sent: org.events.since(int(sent.get("since", 0))),
    "hosting": _hosting,
    "log": lambda org, sent: org.log.since(int(sent.get("since", 0))),
    "state": _state,
    "stop": _stop,
    "trail": _trail,
}
