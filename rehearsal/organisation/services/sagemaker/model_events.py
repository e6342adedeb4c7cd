"""`SageMaker Model State Change`: a model was created or deleted.

Source: developer guide, automating-sagemaker-with-eventbridge, which gives the detail type and the model's ARN among
the resources, and no detail; so the detail is empty here.
"""

from __future__ import annotations

from rehearsal.organisation.core import Call, Organisation

from .hosting import Hosted
from .package_events import SOURCE

DETAIL_TYPE = "SageMaker Model State Change"


def emit_changed(org: Organisation, call: Call, model: Hosted) -> None:
    org.emit(call.owner, call.region, SOURCE, DETAIL_TYPE, {}, [model.arn])
