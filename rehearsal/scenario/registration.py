"""The model card that the data scientist writes, and the specification of the version."""

from __future__ import annotations

from typing import Any

from governance.card import Evaluation, Metric, build_card
from rehearsal.scenario.training import MINIMUM_AUC, PROTECTED, ROUNDS, TrainedModel

IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
"""AWS's own XGBoost container of eu-west-1 (SageMaker, "Docker Registry Paths and Example Code", Ireland)."""


def model_card(model: TrainedModel, artifact_url: str) -> str:
    """A full model card for a model package, with the figures measured on held-out rows."""
    return build_card(
        creator="Credit risk team",
        artifact_urls=[artifact_url],
        intended_uses={
            "purpose_of_model": "Estimate the probability that a credit application turns bad.",
            "intended_uses": "Decision support for consumer loans; a person decides.",
            "factors_affecting_model_efficiency": "Trained on 1,000 historical applications of one bank.",
            "risk_rating": "Medium",
            "explanations_for_risk_rating": "Affects single applicants; no automatic decision.",
        },
        business_details={
            "business_problem": "Credit losses in consumer lending.",
            "business_stakeholders": "Consumer lending, model risk",
            "line_of_business": "Consumer Lending",
        },
        training_details={
            "objective_function": {
                "function": {"function": "Maximize", "facet": "AUC"},
                "notes": f"XGBoost, {ROUNDS} rounds, no early stopping.",
            },
            "training_observations": f"{model.training_rows} rows; left out: {', '.join(PROTECTED)}.",
        },
        evaluations=[
            Evaluation(
                name="held-out",
                observation=f"{len(model.held_out)} rows, split before encoding; the bar is AUC {MINIMUM_AUC}.",
                metric_groups={
                    "binary_classification_metrics": [
                        Metric("auc", round(model.auc, 6)),
                        Metric("accuracy", round(model.accuracy, 6)),
                    ]
                },
            )
        ],
        additional_information={
            "ethical_considerations": "Attributes on sex, marital status, age and origin are no features.",
            "caveats_and_recommendations": "Old data of one country: not for lending.",
            "custom_details": {
                "UseCaseId": "CREDIT-001",
                "UseCaseName": "Credit Risk Assessment",
                "UseCaseStage": "Development",
            },
        },
    )


def version_request(group_arn: str, card: str, artifact_url: str, *, stage: str = "Development") -> dict[str, Any]:
    """The parameters of CreateModelPackage as the data scientist has to send them."""
    return {
        "ModelPackageGroupName": group_arn,
        "ModelPackageDescription": "Credit risk, XGBoost on the German credit data",
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelLifeCycle": {
            "Stage": stage,
            "StageStatus": "PendingApproval",
            "StageDescription": "first candidate",
        },
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": artifact_url}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "ModelCard": {"ModelCardContent": card, "ModelCardStatus": "PendingReview"},
    }
