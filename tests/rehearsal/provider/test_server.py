"""The gRPC service, asked over a real channel without an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from rehearsal.provider import server as module
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.server import Provider, name_of, root_of, type_of
from rehearsal.provider.unexpected import NamedErrors
from rehearsal.provider.values import from_struct, to_struct
from tests.rehearsal.provider.fakes import FakeClients, aws_error
from tests.rehearsal.provider.test_lifecycle import GROUP_ANSWER

URN = "urn:pulumi:hub::mlgov::mlgovernance:hub:Hub$aws:cloudwatch/logGroup:LogGroup::hub-capture"
OTHER = "urn:pulumi:hub::mlgov::aws:ec2/natGateway:NatGateway::net"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> FakeClients:
    """The clients that the provider connects with."""
    found = FakeClients(
        {
            "create_log_group": {},
            "put_retention_policy": {},
            "describe_log_groups": GROUP_ANSWER,
            "list_tags_for_resource": {"tags": {}},
            "get_caller_identity": {"Account": "111111111111"},
        }
    )

    def connect(configuration: Configuration) -> FakeClients:
        found.configuration = configuration
        return found

    monkeypatch.setattr(module, "connect", connect)
    return found


@pytest.fixture
def stub(clients: FakeClients) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """A configured provider behind a channel, as `__main__` serves it."""
    service = grpc.server(futures.ThreadPoolExecutor(4), interceptors=[NamedErrors()])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), service)
    port = service.add_insecure_port("127.0.0.1:0")
    service.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        found = provider_pb2_grpc.ResourceProviderStub(channel)
        found.Configure(pb.ConfigureRequest(args=to_struct({"region": "eu-west-1"})))
        yield found
    service.stop(None)


def refused(call: Callable[[], Any]) -> Any:
    """The error of a call that must fail; grpc raises it as an RpcError that is a Call too, which no stub says."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value


def test_it_introduces_itself_as_the_release_it_stands_in_for(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Guards against an engine that thinks it got another plugin, or sends secrets that nobody unwraps."""
    assert stub.GetPluginInfo(empty_pb2.Empty()).version == "7.51.1"
    answer = stub.Handshake(pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    assert (answer.accept_secrets, answer.supports_autonaming_configuration) == (False, True)
    assert stub.Cancel(empty_pb2.Empty()) == empty_pb2.Empty()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda stub: stub.Invoke(pb.InvokeRequest(tok="aws:ec2/getVpc:getVpc")), "the function aws:ec2/getVpc:getVpc"),
        (lambda stub: stub.Call(pb.CallRequest(tok="aws:x:y")), "the method aws:x:y"),
        (lambda stub: stub.Construct(pb.ConstructRequest(type="aws:x:Y")), "the component aws:x:Y"),
        (lambda stub: stub.Diff(pb.DiffRequest(urn=OTHER)), "the type aws:ec2/natGateway:NatGateway"),
        (lambda stub: stub.Parameterize(pb.ParameterizeRequest()), "parameterisation"),
        (lambda stub: stub.GetSchema(pb.GetSchemaRequest()), "the provider's schema"),
    ],
)
def test_what_isn_t_served_is_refused_by_name(
    stub: provider_pb2_grpc.ResourceProviderStub, call: Callable[[Any], Any], what: str
) -> None:
    """Guards against an empty answer that passes for a result."""
    error = refused(lambda: call(stub))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert what in str(error)


def test_a_type_that_isn_t_served_fails_its_check(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Guards against an engine that stops without saying which resource it was."""
    answer = stub.Check(pb.CheckRequest(urn=OTHER))
    assert "aws:ec2/natGateway:NatGateway is no type that the rehearsal's stand-in" in answer.failures[0].reason


def test_a_creation_returns_id_and_state(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Guards against outputs that dependents wait for and never get."""
    answer = stub.Create(pb.CreateRequest(urn=URN, properties=to_struct({"name": "/mlgov", "tagsAll": {}})))
    assert answer.id == "/mlgov"
    assert from_struct(answer.properties)["logGroupClass"] == "STANDARD"


def test_a_preview_creates_nothing(stub: provider_pb2_grpc.ResourceProviderStub, clients: FakeClients) -> None:
    """Guards against a preview that acts."""
    stub.Create(pb.CreateRequest(urn=URN, properties=to_struct({"name": "/mlgov"}), preview=True))
    news = to_struct({"name": "/mlgov", "retentionInDays": 7})
    stub.Update(pb.UpdateRequest(urn=URN, id="/mlgov", olds=to_struct({"name": "/mlgov"}), news=news, preview=True))
    assert clients.calls == []


def test_a_half_made_resource_goes_back_with_its_id(
    stub: provider_pb2_grpc.ResourceProviderStub, clients: FakeClients
) -> None:
    """Guards against an orphan: the engine keeps a resource only if the error's details hold its id."""
    clients.answers["put_retention_policy"] = aws_error("AccessDeniedException", "not authorised")
    properties = to_struct({"name": "/mlgov", "retentionInDays": 30, "tagsAll": {}})
    error = refused(lambda: stub.Create(pb.CreateRequest(urn=URN, properties=properties)))
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    detail = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert detail.id == "/mlgov"
    assert "not authorised" in detail.reasons[0]
    assert from_struct(detail.properties)["retentionInDays"] == 0


def test_an_error_of_aws_names_the_resource(stub: provider_pb2_grpc.ResourceProviderStub, clients: FakeClients) -> None:
    """Guards against an error among forty resources that says only what AWS says."""
    clients.answers["create_log_group"] = aws_error("ResourceAlreadyExistsException", "exists", "CreateLogGroup")
    properties = to_struct({"name": "/mlgov", "tagsAll": {}})
    text = str(refused(lambda: stub.Create(pb.CreateRequest(urn=URN, properties=properties))))
    assert URN in text
    assert "ResourceAlreadyExistsException" in text


def test_a_replacement_is_told_with_its_order(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Guards against a replacement under the same name that creates first and deletes the new one."""
    news = to_struct({"name": "/mlgov", "logGroupClass": "INFREQUENT_ACCESS", "__defaults": [], "tagsAll": {}})
    olds = to_struct({"name": "/mlgov", "logGroupClass": "STANDARD", "retentionInDays": 0, "skipDestroy": False})
    answer = stub.Diff(pb.DiffRequest(urn=URN, id="/mlgov", olds=olds, news=news))
    assert list(answer.replaces) == ["logGroupClass"]
    assert answer.deleteBeforeReplace
    assert answer.detailedDiff["logGroupClass"].kind == pb.PropertyDiff.UPDATE_REPLACE


def test_a_gone_resource_reads_as_nothing(stub: provider_pb2_grpc.ResourceProviderStub, clients: FakeClients) -> None:
    """Guards against a refresh that keeps what was deleted out of band."""
    clients.answers["describe_log_groups"] = {"logGroups": []}
    assert stub.Read(pb.ReadRequest(urn=URN, id="/mlgov")).id == ""


def test_the_wrong_account_fails_at_configuration(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Guards against finding out after the first resource was created in it."""
    arguments = to_struct({"region": "eu-west-1", "allowedAccountIds": '["222222222222"]'})
    text = str(refused(lambda: stub.Configure(pb.ConfigureRequest(args=arguments))))
    assert "111111111111" in text
    assert "222222222222" in text


def test_a_wrong_provider_argument_fails_its_check(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Guards against a misspelt argument of the provider that is dropped."""
    answer = stub.CheckConfig(pb.CheckRequest(news=to_struct({"alowedAccountIds": "[]"})))
    assert [failure.property for failure in answer.failures] == ["alowedAccountIds"]


def test_another_region_replaces_nothing(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Guards against the v6 behaviour, which replaced every resource when the provider's Region changed."""
    request = pb.DiffRequest(old_inputs=to_struct({"region": "eu-west-1"}), news=to_struct({"region": "eu-west-2"}))
    answer = stub.DiffConfig(request)
    assert (list(answer.diffs), list(answer.replaces)) == (["region"], [])


def test_a_defect_of_our_own_is_named(stub: provider_pb2_grpc.ResourceProviderStub, clients: FakeClients) -> None:
    """Guards against gRPC's "Exception calling application" with nothing after it."""
    request = pb.CheckRequest(urn="no urn at all")
    assert "a defect of the stand-in provider: Check failed with IndexError" in str(
        refused(lambda: stub.Check(request))
    )


def test_names_and_types_are_read_from_urns() -> None:
    """Guards against logical names with colons and components' types before the type."""
    assert type_of(URN) == "aws:cloudwatch/logGroup:LogGroup"
    assert name_of("urn:pulumi:hub::mlgov::aws:s3/bucket:Bucket::a::b") == "a::b"
    assert [root_of(path) for path in ("a", "a.b", "a[0].b")] == ["a", "a", "a"]
