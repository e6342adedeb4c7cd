"""Settings: everything that is wrong is said at once."""

from __future__ import annotations

import pytest

from governance.errors import SettingError
from lambdas.approval.handler import Settings as ApprovalSettings
from lambdas.capture.handler import Settings as CaptureSettings

STAGES = '[{"stage": "dev", "lifecycle": "Development"}, {"stage": "test", "lifecycle": "Staging"}]'
CAPTURE = {
    "LEDGER_TABLE": "l",
    "DEDUP_TABLE": "d",
    "STATE_TABLE": "s",
    "ENDPOINTS_TABLE": "e",
    "GROUPS": '["ModelCreditRisk"]',
    "STAGES": STAGES,
    "DLQ_URL": "https://dlq",
    "APPROVALS_URL": "https://approvals",
    "INVENTORY_JOBS_URL": "https://jobs",
    "GUARD_JOBS_URL": "https://guard",
    "DOCUMENTS_BUCKET": "documents",
    "PREFIX": "mlgov",
}
APPROVAL = {"STATE_TABLE": "s", "ARTIFACT_BUCKET": "b", "STAGES": STAGES, "DLQ_URL": "https://dlq", "PREFIX": "mlgov"}


def test_complete_environments_are_read() -> None:
    """Guards: a variable is read under another name than the deployment sets."""
    capture, approval = CaptureSettings.read(CAPTURE), ApprovalSettings.read(APPROVAL)
    assert capture.groups == {"ModelCreditRisk"}
    assert [stage.lifecycle for stage in capture.stages.ordered] == ["Development", "Staging"]
    assert approval.artifact_bucket == "b"


@pytest.mark.parametrize("name", sorted(CAPTURE))
def test_each_missing_variable_of_capture_is_named(name: str) -> None:
    """Guards: a KeyError in the middle of a batch instead of a sentence."""
    with pytest.raises(SettingError, match=f"{name} is not set"):
        CaptureSettings.read({key: value for key, value in CAPTURE.items() if key != name})


@pytest.mark.parametrize("name", sorted(APPROVAL))
def test_each_missing_variable_of_approval_is_named(name: str) -> None:
    """Guards: the same for the approval function."""
    with pytest.raises(SettingError, match=f"{name} is not set"):
        ApprovalSettings.read({key: value for key, value in APPROVAL.items() if key != name})


def test_all_problems_are_said_at_once() -> None:
    """Guards: one deployment per mistake."""
    with pytest.raises(SettingError) as refused:
        CaptureSettings.read({"GROUPS": "ModelCreditRisk", "STAGES": "[]"})
    assert all(name in str(refused.value) for name in CAPTURE)


@pytest.mark.parametrize("groups", ["ModelCreditRisk", "[]", "{}", '[""]', "[1]"])
def test_groups_must_be_a_list_of_names(groups: str) -> None:
    """Guards: a function that governs nothing and says nothing."""
    with pytest.raises(SettingError, match="GROUPS is"):
        CaptureSettings.read(CAPTURE | {"GROUPS": groups})


@pytest.mark.parametrize(
    "stages",
    ["", "dev", "[]", '["dev"]', '[{"stage": "Dev", "lifecycle": "Development"}]',
     '[{"stage": "dev", "lifecycle": "a b"}]',
     '[{"stage": "dev", "lifecycle": "A"}, {"stage": "dev", "lifecycle": "B"}]'],
)  # fmt: skip
def test_stages_must_be_an_ordered_list_without_repetition(stages: str) -> None:
    """Guards: an ambiguous stage that admits an artifact to the wrong accounts."""
    with pytest.raises(SettingError, match="STAGES"):
        CaptureSettings.read(CAPTURE | {"STAGES": stages})
