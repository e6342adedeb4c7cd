"""IAM policy evaluation: would AWS allow this request?

Pure Python, no input or output, no dependency. README.md in this folder says what a case is, what is evaluated and
what isn't. `python -m access evaluate cases.json` is the command line.
"""

from access.case import Case, Request
from access.decision import Decision, LayerDecision, decide, layers
from access.errors import MalformedCase, MalformedPolicy
from access.policies import Policy, PolicyKind, compile_policy

__all__ = [
    "Case",
    "Decision",
    "LayerDecision",
    "MalformedCase",
    "MalformedPolicy",
    "Policy",
    "PolicyKind",
    "Request",
    "compile_policy",
    "decide",
    "layers",
]
