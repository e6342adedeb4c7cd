"""Changes of policies that change no cell, and why what they change stands nevertheless.

A reason is of one of these kinds, or the word isn't needed and goes. test_mutation.py fails on one that is needed no
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.console.access.mutants import Mutant

SOURCE = "a source's ARN names its account: AWS asks for both, as either may be absent (IAM confused-deputy)"
PRINCIPAL = (
    "the ARN in the condition names the account, too; the Principal is what S3's check for public policies and readers"
    " look at, and holds if the condition is edited"
)
SENT_ONCE = "AWS sends the key in the condition with these actions alone, so for others the condition never holds"
HELD = "the role's Deny refuses all the rest, whatever is allowed: two layers, each of which is meant to hold alone"
ITSELF = "a resource's policy reaches that resource alone, and the actions are of the named part of it"
ONE_DAY = (
    "no page says which principal reads an artifact at CreateModelPackage; dg/model-registry-version asks for the"
    " registry account's root"
)


@dataclass(frozen=True, slots=True)
class Excuse:
    """Patterns of the policy's name, the statement's Sid and the change; and the reason."""

    policies: str
    sids: Sequence[str]
    change: str
    reason: str

    def covers(self, mutant: Mutant) -> bool:
        return (
            fnmatchcase(mutant.slot.name, self.policies)
            and any(fnmatchcase(mutant.sid, sid) for sid in self.sids)
            and fnmatchcase(mutant.change, self.change)
        )


ACTION, RESOURCE, EVERYBODY = "Action widened*", "Resource widened*", "Principal widened*"
SENDS = ("Rule*Sends", "Schedule*Sends")
OF_OBJECTS = (
    "TlsOnly", "NeverOverwritten", "NeverDeleted", "OnlyRecordersPut", "OnlyAnchorPuts", "NeverUnlocked",
    "NoOtherEncryption", "NoOtherKey", "NoKeyOfAws", "OnlyApprovalTags", "OurRolesOnlyRead",
)  # fmt: skip

EXCUSES: tuple[Excuse, ...] = (
    Excuse("trust of *", ("SageMakerWorks", "RulesForward"), "without StringEquals aws:SourceAccount", SOURCE),
    Excuse("queue policy *", SENDS, "without StringEquals aws:SourceAccount", SOURCE),
    Excuse("trust of *", ("ApproversDecide", "AuditorsRead", "OperatorsMend", "PeopleWork"), EVERYBODY, PRINCIPAL),
    Excuse("trust of *", ("HubFunctionsRead", "DeployersServe"), EVERYBODY, PRINCIPAL),
    Excuse("key policy *", ("SpokesThroughS3",), EVERYBODY, PRINCIPAL),
    Excuse("bucket policy *-artifacts-*", ("Publish*", "Serve*"), EVERYBODY, PRINCIPAL),
    Excuse("bucket policy *-notebooks-*", ("ExecutionRolesFetch",), EVERYBODY, PRINCIPAL),
    Excuse("bus policy *", ("SpokesForward", "StagesAreAskedFor"), EVERYBODY, PRINCIPAL),
    Excuse("bus policy *", ("SpokesForward", "StagesAreAskedFor"), ACTION, SENT_ONCE),
    Excuse("*-execution/never", ("NeverOverwriteArtifacts",), ACTION, SENT_ONCE),
    Excuse("*-execution/quality", ("PublishQuality",), ACTION, SENT_ONCE),
    Excuse("*-execution/requests", ("AskForStage",), ACTION, SENT_ONCE),
    Excuse("*-execution/studio", ("RunInOwnSpace", "TagWhatIsStarted"), ACTION, SENT_ONCE),
    Excuse("*-serving/telemetry", ("PutMetrics",), ACTION, SENT_ONCE),
    Excuse("*/metrics", ("PutOwnMetrics",), ACTION, SENT_ONCE),
    Excuse("*-anchor/keys", ("SignAnchors",), ACTION, SENT_ONCE),
    Excuse("*-approver-*/registry", ("DecideStage", "DecideStageAndStatus", "RejectVersion"), ACTION, SENT_ONCE),
    Excuse("bucket policy *", ("NeverOverwritten", "NoOtherEncryption", "NoOtherKey", "NoKeyOfAws"), ACTION, SENT_ONCE),
    Excuse("*-hub-*tor/*", ("*",), ACTION, HELD),  # auditor, operator
    Excuse("*-reader/*", ("DescribeServing", "LookUpCalls"), ACTION, HELD),
    Excuse("*-deployer/*", ("*",), ACTION, HELD),
    Excuse("*-deployer/serve", ("PassServing",), RESOURCE, HELD),
    Excuse("*-inference/*", ("InvokeConfigured", "WriteOwnLog"), ACTION, HELD),
    Excuse("*-guard/registry", ("Reject", "NeverMove"), "*", HELD),
    Excuse("bucket policy *", OF_OBJECTS, RESOURCE, ITSELF),
    Excuse("queue policy *", (*SENDS, "TlsOnly"), RESOURCE, ITSELF),
    Excuse("bus policy *", ("SpokesForward", "StagesAreAskedFor"), RESOURCE, ITSELF),
    Excuse("topic policy *", ("OurAlarmsPublish", "TlsOnly"), RESOURCE, ITSELF),
    Excuse("function policy *", ("*",), RESOURCE, ITSELF),
    Excuse("bucket policy *-artifacts-*", ("RegistryReadsObjects", "RegistryReadsBucket"), "*", ONE_DAY),
)


def excuse_of(mutant: Mutant) -> Excuse | None:
    """Why a mutant that changes nothing stands nevertheless; None where nothing says so."""
    return next((excuse for excuse in EXCUSES if excuse.covers(mutant)), None)
