"""Experiment tracking: MLflow, the role it works with, the bucket of its runs' artifacts.

Owns these. Nothing of the stack waits for MLflow, and it waits for its role alone: a server takes 25 minutes or more.

The bucket is encrypted by S3 itself: a spoke has no key of its own, the hub's artifact key would have to admit one more
role of every spoke and its loss would stop experiments, and what is registered is published to the hub's bucket under
that key anyway. Runs live in MLflow's own store, which no `up` can bring back: app and server are stateful.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3, sagemaker

from blueprint.limits import compact
from blueprint.policies.tracking_roles import RUNS, tracking_bucket, tracking_role
from blueprint.settings import Settings
from blueprint.tracking_settings import TrackingKind
from components.buckets import guarded_bucket
from components.options import child, stateful_child
from components.roles import Role, RoleArgs

ABANDONED_UPLOAD_DAYS = 7
NONCURRENT_DAYS = 30
"""How long what a run overwrote can be had back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackingArgs:
    settings: Settings


def tracking_arn(name: str, args: TrackingArgs, opts: pulumi.ResourceOptions) -> pulumi.Input[str]:
    """Make the stack's MLflow; its ARN, "" in a stack that has none."""
    settings = args.settings
    kind = settings.tracking.resolved(settings.organisation, settings.stack)
    note = settings.tracking.note(settings.organisation, settings.stack)
    if note is not None:
        pulumi.info(note)
    return "" if kind == "none" else Tracking(name, args, opts).arn


class Tracking(pulumi.ComponentResource):
    """`arn`: of the app or server."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TrackingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:tracking:Tracking", name, None, opts)
        settings = args.settings
        kind = settings.tracking.resolved(settings.organisation, settings.stack)
        self.arn = self._mlflow(name, settings, kind)
        self.register_outputs({"arn": self.arn})

    def _mlflow(self, name: str, settings: Settings, kind: TrackingKind) -> pulumi.Output[str]:
        organisation, stack, account = settings.organisation, settings.stack, settings.account
        chosen = settings.tracking
        bucket = self._bucket(name, settings)
        role = Role(
            name,
            RoleArgs(build=lambda: tracking_role(organisation, stack, account), boundary_arn=settings.boundary_arn),
            pulumi.ResourceOptions(parent=self),
        )
        store = bucket.bucket.apply(lambda made: f"s3://{made}/{RUNS}")
        # The name is no other's at the same time, and the role is tried when MLflow is made.
        opts = stateful_child(self, settings.stateful, after=role.ready)
        if kind == "app":
            app = sagemaker.MlflowApp(
                name,
                name=organisation.names.tracking(stack),
                artifact_store_uri=store,
                role_arn=role.arn,
                model_registration_mode="AutoModelRegistrationDisabled",
                weekly_maintenance_window_start=chosen.maintenance_window,
                opts=opts,
            )
            return app.arn
        server = sagemaker.MlflowTrackingServer(
            name,
            tracking_server_name=organisation.names.tracking(stack),
            artifact_store_uri=store,
            role_arn=role.arn,
            automatic_model_registration=False,
            tracking_server_size=chosen.size,
            mlflow_version=chosen.version,
            weekly_maintenance_window_start=chosen.maintenance_window,
            opts=opts,
        )
        return server.arn

    def _bucket(self, name: str, settings: Settings) -> s3.Bucket:
        organisation, stack, account = settings.organisation, settings.stack, settings.account
        bucket = guarded_bucket(
            self,
            name,
            bucket=organisation.names.tracking_bucket(stack, account),
            policy=compact(tracking_bucket(organisation, stack, account)),
            key_arn=None,
            stateful=settings.stateful,
        )
        rule = s3.BucketLifecycleConfigurationRuleArgs
        whole = s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                rule(
                    id="abandoned-uploads",
                    status="Enabled",
                    filter=whole,
                    abort_incomplete_multipart_upload=(
                        s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=ABANDONED_UPLOAD_DAYS
                        )
                    ),
                ),
                rule(
                    id="overwritten",
                    status="Enabled",
                    filter=whole,
                    noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=NONCURRENT_DAYS
                    ),
                ),
            ],
            opts=child(self),
        )
        return bucket
