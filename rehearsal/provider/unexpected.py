"""Errors that no call foresaw: they reach the user with their type and place instead of gRPC's empty message."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import grpc


class NamedErrors(grpc.ServerInterceptor):
    """Answers an unexpected exception with its type, text and the innermost line of ours."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        answer = handler.unary_unary
        method = handler_call_details.method.rpartition("/")[2]

        def named(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return answer(request, context)
            except Exception as error:
                if type(error) is Exception and not error.args:  # how grpc's abort leaves a call: answered already
                    raise
                frame = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
                what = f"{method} failed with {type(error).__name__}: {error} at {where}"
                context.abort(grpc.StatusCode.INTERNAL, f"a defect of the stand-in provider: {what}")

        return grpc.unary_unary_rpc_method_handler(
            named, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )
