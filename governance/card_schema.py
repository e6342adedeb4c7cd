"""The schema of a model package's card as data, and the small checker that reads it.

Source: sagemaker/latest/dg/model-registry-details, "Model package model card schema", version 0.1.0. Only
what that schema uses is known to the checker: type, enum, pattern as a length, maxLength, items, required,
closed objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from governance.canonical import Json

LARGEST_CONTENT = 100_000
"""Characters of ModelCardContent (botocore's sagemaker model)."""

Schema = dict[str, Any]


def _string(longest: int, shortest: int = 0) -> Schema:
    return {"type": "string", "longest": longest, "shortest": shortest}


def _object(members: dict[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    return {"type": "object", "members": members, "required": required}


def _list(items: Schema, most: int | None = None, least: int = 0) -> Schema:
    return {"type": "array", "items": items, "most": most, "least": least}


_LOCATION = _string(1024)
_FREE_TEXT = _string(2048)
_AXIS = _string(63)
_AXES = _list(_AXIS)
_NUMBER: Schema = {"type": "number"}
_NAME_255 = _string(255, shortest=1)
_NAME_63 = _string(63, shortest=1)


def _metric(kinds: tuple[str, ...], value: Schema, x_axis: Schema, y_axis: Schema) -> Schema:
    return _object(
        {
            "name": _NAME_255,
            "notes": _string(1024),
            "type": {"type": "string", "enum": kinds},
            "value": value,
            "x_axis_name": x_axis,
            "y_axis_name": y_axis,
        },
        ("name", "type", "value"),
    )


METRICS: dict[str, Schema] = {
    **dict.fromkeys(
        ("number", "string", "boolean"),
        _metric(
            ("number", "string", "boolean"),
            {"any": (_NUMBER, _string(63), {"type": "boolean"})},
            _AXIS,
            _AXIS,
        ),
    ),
    "linear_graph": _metric(("linear_graph",), _list(_list(_NUMBER, 2, 2), least=1), _AXIS, _AXIS),
    "bar_chart": _metric(("bar_chart",), _list(_NUMBER, least=1), _AXES, _AXIS),
    "matrix": _metric(("matrix",), _list(_list(_NUMBER, 20, 1), 20, 1), _AXES, _AXES),
}

_TRAINING_METRIC = _object({"name": _NAME_255, "notes": _string(1024), "value": _NUMBER}, ("name", "value"))
_HYPER_PARAMETER = _object({"name": _NAME_255, "value": _NAME_255}, ("name", "value"))

SCHEMA = _object(
    {
        "model_overview": _object({"model_creator": _string(1024), "model_artifact": _list(_LOCATION, 15)}),
        "intended_uses": _object(
            {
                "purpose_of_model": _FREE_TEXT,
                "intended_uses": _FREE_TEXT,
                "factors_affecting_model_efficiency": _FREE_TEXT,
                "risk_rating": {"type": "string", "enum": ("High", "Medium", "Low", "Unknown")},
                "explanations_for_risk_rating": _FREE_TEXT,
            }
        ),
        "business_details": _object(
            {
                "business_problem": _FREE_TEXT,
                "business_stakeholders": _FREE_TEXT,
                "line_of_business": _FREE_TEXT,
            }
        ),
        "training_details": _object(
            {
                # The published schema leaves `properties` out here; these two are the members that it means.
                "objective_function": _object(
                    {
                        "function": _object(
                            {
                                "function": {"type": "string", "enum": ("Maximize", "Minimize")},
                                "facet": _string(63),
                                "condition": _string(63),
                            }
                        ),
                        "notes": _string(1024),
                    }
                ),
                "training_observations": _string(1024),
                "training_job_details": _object(
                    {
                        "training_arn": _LOCATION,
                        "training_datasets": _list(_LOCATION, 15),
                        "training_environment": _object({"container_image": _list(_LOCATION, 15)}),
                        "training_metrics": _list(_TRAINING_METRIC, 50),
                        "user_provided_training_metrics": _list(_TRAINING_METRIC, 50),
                        "hyper_parameters": _list(_HYPER_PARAMETER, 100),
                        "user_provided_hyper_parameters": _list(_HYPER_PARAMETER, 100),
                    }
                ),
            }
        ),
        "evaluation_details": _list(
            _object(
                {
                    "name": _NAME_63,
                    "evaluation_observation": _string(2096),
                    "evaluation_job_arn": _string(256),
                    "datasets": _list(_LOCATION, 10),
                    "metadata": {"type": "texts", "longest": 1024},
                    "metric_groups": _list(
                        _object(
                            {"name": _NAME_63, "metric_data": _list({"type": "metric"})},
                            ("name", "metric_data"),
                        )
                    ),
                },
                ("name",),
            )
        ),
        "additional_information": _object(
            {
                "ethical_considerations": _FREE_TEXT,
                "caveats_and_recommendations": _FREE_TEXT,
                "custom_details": {"type": "texts", "longest": 1024},
            }
        ),
    }
)


def problems_of(value: Json, schema: Schema, path: str) -> Iterator[str]:
    """Everything that a schema refuses in a value, each with its path and what is allowed."""
    if "any" in schema:
        if all(any(problems_of(value, choice, path)) for choice in schema["any"]):
            yield f"{path} is {_short(value)}: none of the admitted forms"
        return
    match schema["type"]:
        case "string":
            yield from _string_problems(value, schema, path)
        case "number":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                yield f"{path} is {_short(value)}, not a number"
        case "boolean":
            if not isinstance(value, bool):
                yield f"{path} is {_short(value)}, not true or false"
        case "array":
            yield from _list_problems(value, schema, path)
        case "object":
            yield from _object_problems(value, schema, path)
        case "texts":
            if not isinstance(value, dict):
                yield f"{path} is {_short(value)}, not an object of texts"
                return
            for name, text in value.items():
                yield from _string_problems(text, {"longest": schema["longest"], "shortest": 0}, f"{path}.{name}")
        case "metric":
            kind = value.get("type") if isinstance(value, dict) else None
            if not isinstance(kind, str) or kind not in METRICS:
                yield f"{path} has type {_short(kind)}; allowed: {', '.join(METRICS)}"
                return
            yield from problems_of(value, METRICS[kind], path)


def _string_problems(value: Json, schema: Schema, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path} is {_short(value)}, not text"
    elif "enum" in schema:
        if value not in schema["enum"]:
            yield f"{path} is {_short(value)}; allowed: {', '.join(schema['enum'])}"
    elif not schema["shortest"] <= len(value) <= schema["longest"]:
        yield f"{path} has {len(value)} characters; allowed: {schema['shortest']} to {schema['longest']}"


def _list_problems(value: Json, schema: Schema, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path} is {_short(value)}, not a list"
        return
    most = schema["most"]
    if len(value) < schema["least"] or (most is not None and len(value) > most):
        yield f"{path} has {len(value)} items; allowed: {schema['least']} to {most or 'any number'}"
    for number, item in enumerate(value):
        yield from problems_of(item, schema["items"], f"{path}[{number}]")


def _object_problems(value: Json, schema: Schema, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is {_short(value)}, not an object"
        return
    for name in schema["required"]:
        if name not in value:
            yield f"{path}.{name} is missing"
    for name, member in value.items():
        if name not in schema["members"]:
            yield f"{path}.{name} is no key of the schema; allowed: {', '.join(schema['members'])}"
        else:
            yield from problems_of(member, schema["members"][name], f"{path}.{name}")


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
