"""Asking CloudWatch until everything is answered: pages, answers in part, throttles, accounts that refuse."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from governance.metrics import Points, Query, Request, Spent
from lambdas.common.aws import Busy
from lambdas.common.log import Log
from lambdas.metrics.ports import COMPLETE, FORBIDDEN, Page, Refused, Telemetry

ATTEMPTS = 6
"""Rounds for one request within one invocation; then the message goes back to the queue."""

FIRST_PAUSE_SECONDS = 0.1

MOST_PAGES = 500
"""Of one answer: more would mean a NextToken that leads nowhere."""


def wait(pause: Callable[[float], None], attempt: int) -> None:
    """Exponential pause with full jitter."""
    pause(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - spreads retries, no secret


@dataclass(slots=True)
class Asking:
    """Asks on behalf of one run. `own` are the accounts whose metrics lie in the function's own account; `refused`
    collects the others that CloudWatch doesn't answer for (no link), `forbidden` the namespaces of accounts whose
    metrics it keeps back (a link that leaves them out).
    """

    telemetry: Telemetry
    pause: Callable[[float], None]
    own: frozenset[str]
    spent: Spent
    log: Log
    refused: set[str] = field(default_factory=set)
    forbidden: set[tuple[str, str]] = field(default_factory=set)

    def answers(self, request: Request) -> list[Points]:
        """The values of each query of a request, in its order. Raises Busy if some stay unanswered."""
        points: list[Points] = [{} for _ in request.queries]
        left = [n for n, query in enumerate(request.queries) if query.target.account not in self.refused]
        for attempt in range(ATTEMPTS):
            if not left:
                return points
            if attempt:
                wait(self.pause, attempt)
            left = self._round(request, left, points, first=not attempt)
        if left:
            raise Busy(f"{len(left)} of {len(request.queries)} metrics were answered only in part {ATTEMPTS} times")
        return points

    def _round(self, request: Request, asked: list[int], points: list[Points], *, first: bool) -> list[int]:
        """Ask for some queries once, with all pages; gives those that must be asked for again."""
        try:
            return self._pages(request, asked, points, first=first)
        except Busy as problem:
            self.log.warning("asked again", problem=str(problem))
            return asked
        except Refused as problem:
            accounts = sorted({request.queries[n].target.account for n in asked})
            if len(accounts) == 1:
                self._give_up(accounts[0], problem)
                return []
        # One account that isn't linked must not take the others' metrics with it.
        left: list[int] = []
        for account in accounts:
            part = [n for n in asked if request.queries[n].target.account == account]
            left += self._round(request, part, points, first=False)
        return left

    def _pages(self, request: Request, asked: list[int], points: list[Points], *, first: bool) -> list[int]:
        queries = [request.queries[n] for n in asked]
        unfinished = set(asked)
        token: str | None = None
        for number in range(MOST_PAGES):
            self.spent.requested += len(queries)
            self._count(first=first, next_page=number > 0)
            page = self.telemetry.page(queries, request.window, token)
            self.spent.retries += page.retries
            self._take(page, request, asked, points, unfinished)
            token = page.token
            if token is None:
                return sorted(unfinished)
        raise Busy(f"an answer of more than {MOST_PAGES} pages")

    def _take(self, page: Page, request: Request, asked: list[int], points: list[Points], unfinished: set[int]) -> None:
        for result in page.results:
            place = asked[result.index]
            points[place].update(result.points)
            if result.status == COMPLETE:
                unfinished.discard(place)
            elif result.status == FORBIDDEN:
                unfinished.discard(place)
                self._note_forbidden(request.queries[place])
            else:
                unfinished.add(place)

    def _note_forbidden(self, query: Query) -> None:
        """Say it once: an account has as many such answers as it has metrics."""
        account, namespace = query.target.account, query.metric.namespace
        if (account, namespace) not in self.forbidden:
            self.forbidden.add((account, namespace))
            self.log.error("metrics forbidden: does the link share them?", account=account, namespace=namespace)

    def _count(self, *, first: bool, next_page: bool) -> None:
        if next_page:
            self.spent.next_pages += 1
        elif first:
            self.spent.first_pages += 1
        else:
            self.spent.retries += 1

    def _give_up(self, account: str, problem: Refused) -> None:
        if account in self.own:
            raise problem
        self.refused.add(account)
        self.log.error("account refused: is it linked to the hub's sink?", account=account, problem=str(problem))
