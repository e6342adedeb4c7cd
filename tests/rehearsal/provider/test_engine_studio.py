"""Studio and S3 objects under the real engine, against the emulated organisation."""

from __future__ import annotations

import pytest

from rehearsal.engine import EngineError
from tests.rehearsal.provider.conftest import STACK, Stack

PROGRAM = """
import base64, pathlib
pathlib.Path("file.txt").write_text("one")
role = aws.iam.Role("execution", name="execution", opts=here, assume_role_policy=document(
    {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}))
network = aws.ec2.Vpc("network", cidr_block="10.7.0.0/24", opts=here)
subnet = aws.ec2.Subnet("subnet", vpc_id=network.id, cidr_block="10.7.0.0/25", opts=here,
                        availability_zone="eu-west-1a")
text = "echo one"
script = aws.sagemaker.StudioLifecycleConfig("script", studio_lifecycle_config_name="fetch-" + text.split()[-1],
    studio_lifecycle_config_app_type="JupyterLab", tags={"a": "b"},
    studio_lifecycle_config_content=base64.b64encode(text.encode()).decode(), opts=here)
domain = aws.sagemaker.Domain("domain", domain_name="studio", auth_mode="IAM", vpc_id=network.id,
    subnet_ids=[subnet.id], retention_policy={"home_efs_file_system": "Delete"},
    default_user_settings={"execution_role": role.arn},
    domain_settings={"docker_settings": {"enable_docker_access": "DISABLED"}}, tag_propagation="ENABLED",
    default_space_settings={"execution_role": role.arn}, opts=here)
alice = aws.sagemaker.UserProfile("alice", domain_id=domain.id, user_profile_name="alice", opts=here,
    user_settings={"execution_role": role.arn, "jupyter_lab_app_settings": {"lifecycle_config_arns": [script.arn],
        "default_resource_spec": {"instance_type": "ml.t3.large", "lifecycle_config_arn": script.arn}}})
aws.sagemaker.Space("lab", domain_id=domain.id, space_name="lab", opts=here,
    ownership_settings={"owner_user_profile_name": alice.user_profile_name},
    space_sharing_settings={"sharing_type": "Private"}, space_settings={"app_type": "JupyterLab",
        "space_storage_settings": {"ebs_storage_settings": {"ebs_volume_size_in_gb": 50}}})
bucket = aws.s3.Bucket("library", force_destroy=True, opts=here)
aws.s3.BucketObjectv2("file", bucket=bucket.bucket, key="file.txt", source=pulumi.FileAsset("file.txt"),
                      checksum_algorithm="SHA256", tags={"a": "b"}, opts=here)
"""


def test_studio_comes_up_changes_and_goes(stack: Stack) -> None:
    """Guards: a type that can't be created, read back, changed in place or deleted; a script gone before its heir."""
    stack.program(PROGRAM)
    stack.engine.up(STACK)
    assert set(stack.engine.refresh(STACK).counts) == {"same"}
    changed = PROGRAM.replace('"echo one"', '"echo two"').replace('write_text("one")', 'write_text("two")')
    stack.program(changed)
    steps = {(step.name, step.op) for step in stack.engine.up(STACK).steps}
    assert ("script", "create-replacement") in steps
    assert ("alice", "update") in steps
    assert ("file", "update") in steps
    assert not {name for name, _ in steps} & {"domain", "lab"}
    stack.engine.preview(STACK, expect_no_changes=True)
    # What the real provider can't change either (hashicorp/terraform-provider-aws#38370).
    stack.program(changed.replace('"ebs_volume_size_in_gb": 50', '"ebs_volume_size_in_gb": 60'))
    with pytest.raises(EngineError, match="Updating AppType for Space is not supported"):
        stack.engine.up(STACK)
    stack.engine.destroy(STACK)
    assert stack.aws("sagemaker").list_domains()["Domains"] == []
    assert stack.aws("sagemaker").list_studio_lifecycle_configs()["StudioLifecycleConfigs"] == []
