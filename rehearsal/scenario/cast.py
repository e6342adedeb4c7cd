"""Who acts in the rehearsal, each with credentials that the emulated organisation issued to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from blueprint.names import Purpose
from blueprint.organisation import Organisation, Spoke
from rehearsal.organisation.control import Control
from rehearsal.scenario import company
from rehearsal.scenario.configuration import consumer, contributor

SAGEMAKER = "sagemaker.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials as the SDKs and the CLI take them."""

    access_key: str
    secret_key: str
    session_token: str | None = None

    def environment(self) -> dict[str, str]:
        variables = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return variables | ({"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {})


@dataclass(slots=True)
class Actor:
    """A person or role with its clients. `name` is how the report calls it."""

    name: str
    keys: Keys
    endpoint: str
    region: str
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """An ordinary boto3 client. One try: a refusal must be the answer to this request, not to a retry of it."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=self.region,
                aws_access_key_id=self.keys.access_key,
                aws_secret_access_key=self.keys.secret_key,
                aws_session_token=self.keys.session_token,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._clients[service]

    def environment(self) -> dict[str, str]:
        """For a command that acts as this actor by the usual AWS variables."""
        return {
            **self.keys.environment(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


class Cast:
    """Makes the actors. Each sign-in goes through AssumeRole and the role's trust."""

    def __init__(self, control: Control, organisation: Organisation, admin_keys: Mapping[str, Keys]) -> None:
        self._control = control
        self._organisation = organisation
        self._region = organisation.region
        self.platform = self._actor("the platform engineer", admin_keys[company.MANAGEMENT.id])
        self.outsider = self._actor("the outsider", admin_keys[company.OUTSIDER.id])

    def administrator(self, account: str) -> Actor:
        """The deployment role of a member account, assumed by the platform engineer."""
        role = f"arn:aws:iam::{account}:role/{company.DEPLOY_ROLE}"
        return self.assume(f"the administrator of {account}", self.platform, role, "rehearsal")

    def data_scientist(self) -> Actor:
        """A notebook in the dev account: SageMaker assumes the execution role for it."""
        return self._by_sagemaker(
            "the data scientist", contributor(self._organisation), "execution", company.DATA_SCIENTIST
        )

    def validator(self) -> Actor:
        return self._by_sagemaker("the validator", consumer(self._organisation), "execution", "validator")

    def serving(self) -> Actor:
        """The role that SageMaker assumes to serve a model."""
        return self._by_sagemaker("the serving role", consumer(self._organisation), "serving", "SageMaker")

    def officer(self) -> Actor:
        """The model risk officer, signed in to the hub under her name."""
        role = f"arn:aws:iam::{self._organisation.hub}:role/{company.OFFICER_ROLE}"
        return self.assume(
            "the model risk officer", self.platform, role, company.OFFICER, source_identity=company.OFFICER
        )

    def application(self) -> Actor:
        """The company's application in the account that serves."""
        role = f"arn:aws:iam::{consumer(self._organisation).account}:role/{company.APPLICATION_ROLE}"
        return self.assume("the lending application", self.platform, role, "nightly")

    def approver(self, stage: str) -> Actor:
        """The officer as approver of a stage; her source identity stays on the session."""
        names = self._organisation.names
        role = names.role_arn(self._organisation.hub, names.approver_role(stage))
        return self.assume(
            f"the approver of {stage}", self.officer(), role, company.OFFICER, source_identity=company.OFFICER
        )

    def assume(self, name: str, by: Actor, role_arn: str, session: str, *, source_identity: str | None = None) -> Actor:
        extra = {"SourceIdentity": source_identity} if source_identity else {}
        answer = by.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session, **extra)
        keys = answer["Credentials"]
        return self._actor(name, Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]))

    def as_service(self, name: str, service: str, role_arn: str, source_arn: str, account: str, session: str) -> Actor:
        """What a role may do in the hands of the AWS service that its trust admits."""
        issued = self._control.assume_as_service(
            service, role_arn, source_arn=source_arn, source_account=account, session_name=session
        )
        return self._actor(name, Keys(issued.access_key, issued.secret_key, issued.session_token))

    def _by_sagemaker(self, name: str, spoke: Spoke, purpose: Purpose, session: str) -> Actor:
        names = self._organisation.names
        account = spoke.account
        source = f"arn:aws:sagemaker:{self._region}:{account}:domain/d-rehearsal"
        role = names.role_arn(account, names.role(spoke.stack, purpose))
        return self.as_service(name, SAGEMAKER, role, source, account, session)

    def _actor(self, name: str, keys: Keys) -> Actor:
        return Actor(name, keys, self._control.endpoint, self._region)
