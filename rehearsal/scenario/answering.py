"""The inference API answers with what the approved model computes, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from blueprint.inference_settings import DEFAULT_BYTES
from rehearsal.scenario import training
from rehearsal.scenario.asking import Reply, post
from rehearsal.scenario.cast import Actor
from rehearsal.scenario.configuration import consumer
from rehearsal.scenario.performance import Run

ENDPOINT = "CreditRisk"
REFILL_SECONDS = 60.0
MOST_ATTEMPTS = 400
"""Far more than the configured burst."""

Ask = Callable[..., Reply]


def answer(run: Run) -> None:
    """The application of the account gets the scores; the others their refusals; the logs no payload."""
    spoke, model = consumer(run.organisation), run.trained()
    url = str(run.engine.outputs(spoke.stack)["inferenceUrl"])
    ask: Ask = partial(_post, run, url)
    application = run.cast.application()
    rows = training.as_csv(model.artifact, model.held_out)
    _expect_scores(run, ask, application, rows)
    _expect_refusals(run, ask, rows.partition(b"\n")[0])
    run.control.advance(REFILL_SECONDS)
    _expect_mistakes_told(run, ask, application, rows)
    run.control.advance(REFILL_SECONDS)
    _expect_throttling(run, ask, application)
    _expect_no_payload_in_logs(run, rows.partition(b"\n")[0].decode())


def _post(
    run: Run, url: str, path: str, body: bytes, by: Actor | None = None, content_type: str = "text/csv"
) -> Reply:  # fmt: skip
    region = run.organisation.region
    return post(
        f"{url}{path}", body, endpoint=run.control.endpoint, region=region, by=by, content_type=content_type
    )  # fmt: skip


NAMED = f"/endpoints/{ENDPOINT}/invocations"


def _expect_scores(run: Run, ask: Ask, application: Actor, rows: bytes) -> None:
    """The endpoint has loaded the artifact with the serving role; what it scores is what was measured at training."""
    scores = run.trained().scores
    for path in (NAMED, "/invocations"):
        reply = ask(path, rows, application)
        held = reply.status == 200 and tuple(float(one) for one in reply.body.split(b",")) == scores
        told = f"{len(scores)} applications" if held else f"{reply.status}: {reply.body[:200]!r}"
        run.score.expect(f"POST {path} answers the held-out scores of the approved model", held, told)
    run.score.equal("and names the variant", reply.headers.get("x-invoked-production-variant"), "AllTraffic")
    run.say(f"{len(scores)} applications scored by the endpoint, each as at training")


def _expect_refusals(run: Run, ask: Ask, row: bytes) -> None:
    reply = ask(NAMED, row)
    run.score.equal("a request that nobody signed is forbidden", reply.status, 403)
    for actor in (run.cast.validator(), run.cast.outsider):
        reply = ask(NAMED, row, actor)
        run.expected_denials.add(reply.request_id)
        run.score.equal(f"{actor.name} may not ask the model", reply.status, 403)


def _expect_mistakes_told(run: Run, ask: Ask, application: Actor, rows: bytes) -> None:
    row = rows.partition(b"\n")[0]
    administrator = run.cast.administrator(consumer(run.organisation).account)
    for what, status, reply in (
        ("another content type", 415, ask(NAMED, row, application, "text/html")),
        ("too large a body", 413, ask(NAMED, b"1" * (DEFAULT_BYTES + 1), application)),
        ("an empty body", 400, ask(NAMED, b"", application)),
        ("an endpoint that isn't configured", 404, ask("/endpoints/Another/invocations", row, administrator)),
        ("what the model's container doesn't take", 424, ask(NAMED, b"{}", application, "application/json")),
    ):
        run.score.equal(f"{what} is answered {status}", reply.status, status)
        run.score.equal("with a problem document", reply.headers.get("content-type"), "application/problem+json")
    run.score.equal("and the container's own status", reply.headers.get("x-model-status"), "415")


def _expect_throttling(run: Run, ask: Ask, application: Actor) -> None:
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < MOST_ATTEMPTS:
        statuses.append(ask(NAMED, b"1", application, "text/html").status)
    run.score.equal("who asks too often is answered 429", statuses[-1], 429)
    run.say(f"throttled at request {len(statuses)} in a row")


def _expect_no_payload_in_logs(run: Run, row: str) -> None:
    spoke, names = consumer(run.organisation), run.organisation.names
    logs = run.cast.administrator(spoke.account).client("logs")
    for what, group in (
        ("access", names.access_log_group(spoke.stack)), ("function's", names.inference_log_group(spoke.stack)),
    ):  # fmt: skip
        lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
        run.score.expect(f"the {what} log tells of the requests", len(lines) > 0, f"{len(lines)} lines")
        leaked = [line for line in lines if row in line]
        run.score.expect(f"the {what} log holds no payload", not leaked, f"{len(leaked)} lines with one")
