"""IAM policy evaluation: would AWS allow this request?

Pure Python, no input or output, no dependency. README.md in this folder says what a case is, what is evaluated and
what isn't. `python -m access evaluate cases.json` is the command line.
"""

from access.case import Case
from access.decision import Decision, decide
from access.errors import MalformedCase, MalformedPolicy
from access.layers import LayerDecision, layers
from access.policies import Policy, compile_policy
from access.request import Request
from access.statements import PolicyKind

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
