"""The gateway over the wire: strictness, errors of each protocol, the log."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
from botocore.config import Config

from rehearsal.organisation import core
from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.example import (
    DEV,
    HUB,
    SETTINGS,
    Client,
    allow,
    deny,
    new_role,
    refused,
    root,
    trust,
    unique,
)


def fetch(request: Request | str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body), also of an error."""
    try:
        with urlopen(request) as answer:  # noqa: S310 - the emulator's own endpoint
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        return error.code, dict(error.headers), error.read()


def post(org: Emulator, service: str, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """A raw request of the hub's administrator: (status, headers, body)."""
    credentials = org.people.credentials("hub")
    scope = f"{credentials.access_key}/20260101/eu-west-1/{service}/aws4_request"
    request = Request(  # noqa: S310 - the emulator's own endpoint
        org.endpoint + "/",
        body,
        {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "X-Amz-Security-Token": credentials.session_token,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )
    return fetch(request)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("iam", "list_account_aliases", {}),
        ("kms", "list_retirable_grants", {"RetiringPrincipal": root(HUB)}),
        ("ec2", "describe_instances", {}),
        ("cloudwatch", "list_dashboards", {}),
        ("glue", "get_databases", {}),
        ("s3", "list_bucket_analytics_configurations", {"Bucket": "bucket"}),
        ("sts", "get_session_token", {}),
        ("apigatewayv2", "get_domain_names", {}),
    ],
)
def test_what_is_not_served_is_refused_by_name_in_every_protocol(
    client: Client, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    """Guards: moto answering what nobody checked, HTML instead of an error, an SDK that retries a refusal."""
    once = client("hub", None, service, config=Config(retries={"total_max_attempts": 1}))
    name = once.meta.method_to_api_mapping[operation]
    with refused("NotEmulated", f"{service}:{name}"):
        getattr(once, operation)(**arguments)


def test_a_request_that_is_no_operation_is_refused(org: Emulator) -> None:
    """Guards: requests that no model knows falling through to moto."""
    status, _, body = post(
        org, "kms", b"{}", X_Amz_Target="TrentService.Nonsense", Content_Type="application/x-amz-json-1.1"
    )
    assert status == 400
    assert json.loads(body)["__type"] == "NotEmulated"
    status, _, body = post(org, "nosuchservice", b"", Content_Type="application/x-amz-json-1.1")
    assert status == 400
    assert b"nosuchservice" in body


def test_members_that_the_model_does_not_know_are_refused(org: Emulator) -> None:
    """Guards: a misspelt parameter that is silently dropped."""
    sent = json.dumps({"Description": "d", "Descripton": "d"}).encode()
    status, _, body = post(
        org, "kms", sent, X_Amz_Target="TrentService.CreateKey", Content_Type="application/x-amz-json-1.1"
    )
    assert status == 400
    assert "Descripton" in json.loads(body)["message"]
    form = b"Action=GetCallerIdentity&Version=2011-06-15&Extra=1"
    status, _, body = post(org, "sts", form, Content_Type="application/x-www-form-urlencoded")
    assert status == 400
    assert b"Extra" in body


def test_unreadable_bodies_are_errors_of_the_caller(org: Emulator) -> None:
    """Guards: a server error, which SDKs retry, for a request that can never be read."""
    status, _, body = post(
        org, "kms", b"{not json", X_Amz_Target="TrentService.ListKeys", Content_Type="application/x-amz-json-1.1"
    )
    assert (status, json.loads(body)["__type"]) == (400, "SerializationException")


def test_an_unsigned_request_is_refused(org: Emulator) -> None:
    """Guards: anonymous access."""
    unsigned = Request(org.endpoint + "/", b"Action=GetCallerIdentity&Version=2011-06-15")  # noqa: S310 - as above
    status, _, body = fetch(unsigned)
    assert status == 403
    assert b"MissingAuthenticationToken" in body


def test_each_request_leaves_one_row_without_secrets(org: Emulator, client: Client) -> None:
    """Guards: a log from which calls are missing, or which holds credentials and payloads."""
    kms = client("hub", None, "kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    before = len(org.log)
    kms.encrypt(KeyId=key, Plaintext=b"very secret")
    rows = org.log.since(before)
    assert len(rows) == 1
    row = rows[0]
    assert (row["service"], row["operation"], row["account"], row["owner"]) == ("kms", "Encrypt", HUB, HUB)
    assert (row["decision"], row["status"], row["error"]) == ("allowed", 200, None)
    assert row["actions"] == [["kms:Encrypt", key]]
    assert row["parameters"] == {"KeyId": key, "Plaintext": "(secret)"}
    assert row["request_id"]
    assert "secret" not in json.dumps(rows).replace("(secret)", "")


def test_a_denial_says_who_what_and_which_layer_lacked_it(org: Emulator, client: Client) -> None:
    """Guards: a failed rehearsal that doesn't name the missing permission."""
    role = new_role(client("dev", None, "iam"), DEV, allow("kms:ListAliases"))
    before = len(org.log)
    with refused("AccessDeniedException", f"assumed-role/{role}/", "kms:ListKeys"):
        client("dev", role, "kms").list_keys()
    row = org.log.since(before)[-1]
    assert (row["decision"], row["denied_action"], row["denied_resource"]) == ("denied", "kms:ListKeys", "*")
    assert row["lacking"]["statement"] == {"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"}
    assert "identity" in row["lacking"]["layers"]
    layers = {layer: decision for layer, decision, _ in row["layers"]}
    assert (layers["identity"], layers["scp"]) == ("silent", "allowed")


def test_an_explicit_denial_is_named_by_its_statement(org: Emulator, client: Client) -> None:
    """Guards: a denial whose statement must be searched for in all policies."""
    role = new_role(client("dev", None, "iam"), DEV, allow("kms:*"), deny("kms:ListKeys", Sid="NoListing"))
    before = len(org.log)
    with refused("AccessDeniedException", "NoListing"):
        client("dev", role, "kms").list_keys()
    row = org.log.since(before)[-1]
    assert row["lacking"] is None
    assert ["identity", "denied", f"identity policy {role}/rights statement NoListing"] in row["layers"]


def test_the_log_is_written_as_json_lines(org: Emulator, tmp_path: Path) -> None:
    """Guards: rows that can't be written (times, bytes)."""
    org.people.credentials("dev")
    org.log.write(tmp_path / "requests.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text().splitlines()]
    assert [row["n"] for row in rows] == list(range(len(rows)))


def test_a_presigned_url_answers_until_it_expires(fresh: Emulator) -> None:
    """Guards: presigned URLs, whose credentials stand in the query, that never or always work."""
    control = Control(fresh.endpoint)
    url = control.client("hub", None, "sts").generate_presigned_url("get_caller_identity", ExpiresIn=60)
    assert HUB.encode() in fetch(url)[2]
    control.advance(61)
    status, _, body = fetch(url)
    assert status == 403
    assert b"expired" in body


@pytest.mark.parametrize(
    ("name", "value"), [("X-Amz-Date", "today"), ("X-Amz-Expires", "soon"), ("X-Amz-Expires", "604801")]
)
def test_a_malformed_presigned_url_is_refused(org: Emulator, name: str, value: str) -> None:
    """Guards: a URL for ever, or a crash (AmazonS3 sigv4-query-string-auth: at most 604,800 s)."""
    parts = urlsplit(org.endpoint + "/")
    credential = f"{org.admin.access_key}/20260101/eu-west-1/s3/aws4_request"
    signed = {
        "X-Amz-Credential": credential, "X-Amz-Date": f"{org.clock.now():%Y%m%dT%H%M%SZ}", "X-Amz-Expires": "60",
    }  # fmt: skip
    good = parts._replace(query=urlencode(signed)).geturl()
    assert fetch(good)[0] == 200
    status, _, body = fetch(parts._replace(query=urlencode({**signed, name: value})).geturl())
    assert (status, b"AuthorizationQueryParametersError" in body) == (400, True)


def test_a_length_that_is_no_number_is_answered(org: Emulator) -> None:
    """Guards: a dropped connection, which SDKs take for a network failure and try again."""
    address = urlsplit(org.endpoint)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("POST", "/", headers={"Content-Length": "many"})
    assert connection.getresponse().status == 403
    connection.close()


def test_what_moto_would_drop_is_refused_by_name(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a create call that answers 200 and keeps less than was sent."""
    import dataclasses

    row = core.SERVED["iam", "CreateRole"]
    client("hub", None, "iam").list_roles()

    def forgetful(org: core.Organisation, call: core.Call, answer: core.Params) -> core.Params:
        assert row.read_back is not None
        return {name: value for name, value in row.read_back(org, call, answer).items() if name != "Description"}

    monkeypatch.setitem(core.SERVED, ("iam", "CreateRole"), dataclasses.replace(row, read_back=forgetful))
    with refused("NotEmulated", "parameter Description", "lost"):
        client("hub", None, "iam").create_role(
            RoleName=unique("role"), AssumeRolePolicyDocument=trust(root(HUB)), Description="lost"
        )


def test_a_crash_of_moto_is_a_refusal(org: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: an HTML page with status 500, which SDKs retry for minutes."""
    from moto.iam.models import IAMBackend

    def crash(*_: object, **__: object) -> None:
        raise TypeError("boom")

    iam = client("hub", None, "iam", config=Config(retries={"total_max_attempts": 1}))
    monkeypatch.setattr(IAMBackend, "list_role_policies", crash)
    with refused("NotEmulated", "ListRolePolicies", "boom"):
        iam.list_role_policies(RoleName="OrganizationAccountAccessRole")


def test_many_clients_at_once_keep_names_unique(client: Client) -> None:
    """Guards: a race between looking for a name and taking it: exactly one of many equal creates may win."""
    name, iam, kms = unique("role"), client("hub", None, "iam"), client("hub", None, "kms")
    key, alias = kms.create_key()["KeyMetadata"]["KeyId"], f"alias/{unique('a')}"

    def take_role() -> None:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(root(HUB)))

    def take_alias() -> None:
        kms.create_alias(AliasName=alias, TargetKeyId=key)

    def create(_: int) -> str:
        outcome = ""
        for take in (take_role, take_alias):
            try:
                take()
                outcome += "1"
            except (iam.exceptions.EntityAlreadyExistsException, kms.exceptions.AlreadyExistsException):
                outcome += "0"
        return outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(16)))
    assert sum(one[0] == "1" for one in outcomes) == 1
    assert sum(one[1] == "1" for one in outcomes) == 1


def test_nothing_runs_on_after_a_stop() -> None:
    """Guards: threads and sockets that outlive the run; connections that clients keep open."""
    before = set(threading.enumerate())
    mine = Emulator(SETTINGS).start()
    client = Control(mine.endpoint).client("hub", None, "sqs")
    url = client.create_queue(QueueName="q")["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=900)  # a timer of the clock
    assert len(set(threading.enumerate()) - before) >= 3, "accepting, answering, waiting"
    mine.stop()
    deadline = time.monotonic() + 5
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, left
    with pytest.raises(OSError, match=r"refused|urlopen"):
        fetch(mine.endpoint + "/")
