"""What the hub knows of all accounts: what serves there, whether it may, and how it does."""

from __future__ import annotations

from typing import Any

from governance.quality import publish
from rehearsal.scenario.configuration import consumer
from rehearsal.scenario.performance import PATIENCE, Run
from rehearsal.scenario.registration import IMAGE

WALK_SECONDS = 15 * 60 + 1
"""Until the next walk of the inventory: its schedule's default."""

COLLECTION_SECONDS = 60 * 60 + 1
"""Until the next run has collected the metrics: its schedule's default."""

ENDPOINT = "CreditRisk"
SHADOW = "CreditRiskCopy"
LOAD: dict[str, float | list[float]] = {"Invocations": 120.0, "ModelLatency": [900.0, 1500.0], "CPUUtilization": [12.5]}


ACCURACY = 0.75


def find_shadows(run: Run) -> None:
    """Somebody serves a copied artifact past the registry, and the events that would tell of it are lost."""
    account = consumer(run.organisation).account
    run.score.equal(
        "the approved endpoint was judged as soon as its event came", verdict(run, ENDPOINT), "approved"
    )  # fmt: skip
    with run.control.disturbance(drop_probability=1.0):
        _serve_past_the_registry(run, account)
        run.settle()
    run.score.equal("no event told the hub of the shadow endpoint", verdict(run, SHADOW), None)
    run.control.advance(WALK_SECONDS)
    run.settle()
    run.score.equal("the walk over all accounts finds it", verdict(run, SHADOW), "unregistered")
    run.score.equal("and finds nothing wrong with the approved one", verdict(run, ENDPOINT), "approved")
    status, printed = run.console.try_run("endpoints", actor=run.cast.auditor())
    run.score.equal("`governance endpoints` fails", status, 1)
    found = [line for line in printed.splitlines() if line.startswith(f"{SHADOW}: unregistered")]
    run.score.expect("and says where and why", len(found) == 1, printed)
    run.say("; ".join(found))
    unread = [row for row in _rows(run) if row["endpointarn"].startswith("account:") and row["verdict"] == "unknown"]
    run.score.equal("every account could be read", unread, [])
    hosting = run.cast.deployer(consumer(run.organisation)).client("sagemaker")
    hosting.delete_endpoint(EndpointName=SHADOW)
    hosting.get_waiter("endpoint_deleted").wait(EndpointName=SHADOW, WaiterConfig=PATIENCE)
    hosting.delete_endpoint_config(EndpointConfigName=SHADOW)
    hosting.delete_model(ModelName=SHADOW)
    run.settle()
    run.score.expect("its end is recorded", bool(_row(run, SHADOW).get("deletedat")), f"{_row(run, SHADOW)}")


def _serve_past_the_registry(run: Run, account: str) -> None:
    """The approved artifact itself, without its version; a tag claims the approval. CreateModel has no condition key
    for an artifact's URL: the deployer can.
    """
    version, spoke, names = run.registered(), consumer(run.organisation), run.organisation.names
    hosting = run.cast.deployer(spoke).client("sagemaker")
    claim = [{"Key": "MODEL_PACKAGE_ARN", "Value": version.package_arn}, {"Key": "Approved", "Value": "yes"}]
    hosting.create_model(
        ModelName=SHADOW,
        ExecutionRoleArn=names.role_arn(account, names.role(spoke.stack, "serving")),
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": version.url},
        Tags=claim,
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": SHADOW,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    hosting.create_endpoint_config(EndpointConfigName=SHADOW, ProductionVariants=[variant])
    hosting.create_endpoint(EndpointName=SHADOW, EndpointConfigName=SHADOW, Tags=claim)
    hosting.get_waiter("endpoint_in_service").wait(EndpointName=SHADOW, WaiterConfig=PATIENCE)


def measure(run: Run) -> None:
    """The endpoint has load; its metrics reach the hub through the account's link, one row per period."""
    spoke = consumer(run.organisation)
    _expect_links(run)
    run.control.endpoint_load(spoke.stack, ENDPOINT, "AllTraffic", LOAD)
    evaluator = run.cast.validator().client("cloudwatch")
    publish(evaluator, ENDPOINT, "AllTraffic", {"Accuracy": ACCURACY}, at=run.now())
    run.control.advance(COLLECTION_SECONDS)
    run.settle()
    rows = [row for row in run.tables().rows("sagemakerendpointmetrics") if row.get("endpointname") == ENDPOINT]
    loaded = [row for row in rows if row.get("invocations")]
    run.score.equal("one period holds the load", len(loaded), 1)
    [row] = loaded or [{}]
    run.score.equal("with all invocations", row.get("invocations"), 120)
    run.score.equal("the slowest answer in microseconds", row.get("modellatency"), 1500)
    run.score.equal("the account that it came from", row.get("accountid"), spoke.account)
    judged = [row["accuracy"] for row in rows if "accuracy" in row]
    run.score.equal("and what the validator's evaluation found there", [float(each) for each in judged], [ACCURACY])
    run.score.expect("and nothing that nobody measured", "diskutilization" not in row, f"{row}")


def _expect_links(run: Run) -> None:
    """Each account shows its metrics to the hub. Without its link nothing is refused: the hub sees none, as of an
    endpoint that nobody calls.
    """
    oam = run.cast.administrator(run.organisation.hub).client("oam")
    sinks = {sink["Name"]: sink["Arn"] for sink in oam.list_sinks()["Items"]}
    sink = run.organisation.names.sink
    links = oam.list_attached_links(SinkIdentifier=sinks[sink])["Items"] if sink in sinks else []
    linked = {link["LinkArn"].split(":")[4] for link in links}
    for spoke in run.organisation.spokes:
        missing = f"no metrics of {spoke.stack} ({spoke.account}): its link to the sink {sink} is missing"
        held = spoke.account in linked
        run.score.expect(
            f"{spoke.stack} shows its metrics to the hub", held, "by its link" if held else missing, cause=True
        )


def _rows(run: Run) -> list[dict[str, Any]]:
    return list(run.tables().rows("sagemakermodelendpoints"))


def _row(run: Run, name: str) -> dict[str, Any]:
    return next((row for row in _rows(run) if row.get("endpointname") == name), {})


def verdict(run: Run, name: str) -> str | None:
    return _row(run, name).get("verdict")
