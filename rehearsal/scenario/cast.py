"""Who acts in the rehearsal, each with credentials that the emulated organisation issued to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from blueprint.names import HubPurpose, Purpose
from blueprint.organisation import Organisation, Spoke
from rehearsal.organisation.control import Control
from rehearsal.scenario import company, staff
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
        """Works in the first stage's account under her name."""
        spoke, [role, *_] = contributor(self._organisation), self._organisation.first_stage.users
        return self._person("the data scientist", spoke.account, role, staff.SCIENTIST, self._role(spoke, "execution"))

    def deployer(self, spoke: Spoke) -> Actor:
        """Serves models in a later stage's account; a pipeline would sign in likewise."""
        role = self._organisation.stage(spoke.stage).deployers[0]
        becomes = self._role(spoke, "deployer")
        return self._person(f"the deployer of {spoke.stack}", spoke.account, role, staff.DEPLOYER, becomes)

    def auditor(self) -> Actor:
        return self._of_hub("the auditor", self._organisation.auditors[0], staff.OFFICER, "auditor")

    def operator(self) -> Actor:
        return self._of_hub("the operator", self._organisation.operators[0], staff.OPERATOR, "operator")

    def validator(self) -> Actor:
        return self._by_sagemaker("the validator", consumer(self._organisation), "execution", "validator")

    def serving(self, spoke: Spoke | None = None) -> Actor:
        """The role that SageMaker assumes to serve a model; in the second stage's account where none is given."""
        where = spoke or consumer(self._organisation)
        name = "the serving role" if spoke is None else f"the serving role of {spoke.stack}"
        return self._by_sagemaker(name, where, "serving", "SageMaker")

    def officer(self) -> Actor:
        """The model risk officer, signed in to the hub under her name."""
        return self._signed_in("the model risk officer", self._organisation.stages[0].approvers[0], staff.OFFICER)

    def application(self) -> Actor:
        """The company's application in the account that serves."""
        role = f"arn:aws:iam::{consumer(self._organisation).account}:role/{company.APPLICATION_ROLE}"
        return self.assume("the lending application", self.platform, role, "nightly")

    def approver(self, stage: str) -> Actor:
        """The officer as approver of a stage; her source identity stays on the session."""
        names = self._organisation.names
        role = names.role_arn(self._organisation.hub, names.approver_role(stage))
        return self.assume(
            f"the approver of {stage}", self.officer(), role, staff.OFFICER, source_identity=staff.OFFICER
        )

    def in_disguise(self, stage: str) -> Actor:
        """The data scientist as approver of a stage: the company's mistake, which no policy of ours can see."""
        names = self._organisation.names
        role = names.role_arn(self._organisation.hub, names.approver_role(stage))
        signed_in = self._signed_in("a second hat", self._organisation.stage(stage).approvers[0], staff.SCIENTIST)
        return self.assume("a second hat", signed_in, role, "risk", source_identity=staff.SCIENTIST)

    def _of_hub(self, name: str, pattern: str, person: str, purpose: HubPurpose) -> Actor:
        hub, names = self._organisation.hub, self._organisation.names
        becomes = names.role_arn(hub, names.hub_role(purpose))
        return self.assume(name, self._signed_in(name, pattern, person), becomes, person, source_identity=person)

    def _person(self, name: str, account: str, role: str, person: str, becomes: str) -> Actor:
        signed_in = self._signed_in(name, f"arn:aws:iam::{account}:role/{role}", person)
        return self.assume(name, signed_in, becomes, person, source_identity=person)

    def _signed_in(self, name: str, role_arn: str, person: str) -> Actor:
        return self.assume(name, self.platform, role_arn, person, source_identity=person)

    def _role(self, spoke: Spoke, purpose: Purpose) -> str:
        names = self._organisation.names
        return names.role_arn(spoke.account, names.role(spoke.stack, purpose))

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
        account = spoke.account
        source = f"arn:aws:sagemaker:{self._region}:{account}:domain/d-rehearsal"
        return self.as_service(name, SAGEMAKER, self._role(spoke, purpose), source, account, session)

    def _actor(self, name: str, keys: Keys) -> Actor:
        return Actor(name, keys, self._control.endpoint, self._region)
