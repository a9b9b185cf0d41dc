"""Answers in pages, after botocore's models of what can be paged, whatever moto does itself.

Source: https://botocore.amazonaws.com/v1/documentation/api/latest/topics/paginators.html
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import create_loader
from botocore.model import OperationNotFoundError
from botocore.parsers import create_parser
from moto.core.utils import get_service_model

from skyworthy.sandbox.account.calls import Call, Response

MARK = "skyworthy-page"
MOST_ANSWERS = 500
"""Of how many answers the rest is kept."""
DEFAULTS = {
    "cloudwatch:DescribeAlarms": 50,
    "cloudwatch:DescribeAlarmHistory": 50,
    "ecs:ListClusters": 100,
    "ecs:ListServices": 10,
    "ecs:ListTaskDefinitions": 100,
    "ecs:ListTasks": 100,
    "elasticache:DescribeCacheClusters": 100,
    "elasticache:DescribeReplicationGroups": 100,
    "iam:ListPolicies": 100,
    "iam:ListRoles": 100,
    "rds:DescribeDBInstances": 100,
    "rds:DescribeDBSnapshots": 100,
}
"""Items of a page of AWS's own where the request asks for no number, as each operation's page says, such as
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html; of all others the answer is whole."""
_TOKENS = (("NextToken", "NextToken"), ("nextToken", "nextToken"), ("Marker", "NextMarker"), ("Marker", "Marker"))
"""Input and output members of paged operations of which botocore has no paginator."""


@dataclass(frozen=True)
class Paging:
    """How an operation is paged; output members below others are written with dots (`DistributionList.Items`).

    Args:
        given: input member that takes the token of the next page.
        told: output members that carry tokens; the first one carries ours.
        lists: output members that are cut into pages.
        more: output member that says whether there is more; empty where there is none.
        limit: input member that asks for a page size; empty where there is none.
        modelled: whether botocore has a paginator, rather than the members' names telling it.
    """

    given: str
    told: tuple[str, ...]
    lists: tuple[str, ...]
    more: str = ""
    limit: str = ""
    modelled: bool = True


class Pager:
    """Cuts answers into pages; an interceptor (`__call__`) and an amender (`amend`).

    Attributes:
        size: items of a page; 0: as AWS does.
    """

    def __init__(self) -> None:
        self.size = 0
        self._answers: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def clear(self) -> None:
        """As AWS does, from now on; tokens that were given away are worth nothing any longer."""
        self.size = 0
        self._answers.clear()

    def __call__(self, call: Call) -> Response | None:
        """A further page of an answer that was cut; None for every other call."""
        paging = paging_of(call)
        token = call.params.get(paging.given) if paging and paging.modelled else None
        if paging is None or not isinstance(token, str) or not token.startswith(f"{MARK}-"):
            return None
        _, _, number, start = token.split("-")
        whole = self._answers.get(number)
        if whole is None:
            return call.fail("InvalidNextToken", f"the token {token} is no longer valid")
        return call.answer(self._page(paging, whole, number, int(start), self._size(call, paging) or MOST_ANSWERS))

    def amend(self, call: Call, response: Response) -> Response:
        """The first page of an answer that has more items than a page."""
        if response[0] >= 300 or not call.reads:
            return response
        paging = paging_of(call)
        size = self._size(call, paging) if paging and paging.modelled else 0
        if paging is None or not size:
            return response
        whole = parsed(call, response)
        if count(paging, whole) <= size:
            return response
        with self._lock:
            self._count += 1
            number = str(self._count)
            self._answers[number] = whole
            while len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        return call.answer(self._page(paging, whole, number, 0, size))

    def _size(self, call: Call, paging: Paging) -> int:
        """Items of a page of the call: what is set, or what AWS would give, and never more than it asks for."""
        asked = str(call.params.get(paging.limit) or "")  # Route 53 writes numbers as text
        sizes = [self.size or (0 if asked else DEFAULTS.get(call.name, 0)), int(asked) if asked.isdigit() else 0]
        return min((size for size in sizes if size > 0), default=0)

    def _page(self, paging: Paging, whole: Mapping[str, Any], number: str, start: int, size: int) -> dict[str, Any]:
        last = start + size >= count(paging, whole)
        return cut(paging, whole, start, size, "" if last else f"{MARK}-{number}-{start + size}")


def paging_of(call: Call) -> Paging | None:
    """How the operation of a call is paged; None where it is not."""
    return _paging(call.service, call.operation) or _unmodelled(call)


def parsed(call: Call, response: Response) -> dict[str, Any]:
    """The members of an answer."""
    shape = call.model.output_shape
    if shape is None:
        return {}
    status, headers, body = response
    given = {"status_code": status, "headers": dict(headers), "body": body}
    found: dict[str, Any] = create_parser(call.protocol).parse(given, shape)
    found.pop("ResponseMetadata", None)
    return found


def cut(paging: Paging, whole: Mapping[str, Any], start: int, size: int, token: str) -> dict[str, Any]:
    """A part of an answer.

    Args:
        paging: of its operation.
        whole: its members.
        start: number of the first item, counted over all lists.
        size: how many items.
        token: of the next part; empty for the last one, which keeps the token that the whole has.
    """
    page = dict(whole)
    for name in paging.lists:
        items = _get(page, name)
        if isinstance(items, list):
            _set(page, name, items[max(start, 0) : max(start + size, 0)])
            start -= len(items)
    if token:
        for name in paging.told:
            _set(page, name, token if name == paging.told[0] else None)
        if paging.more:
            _set(page, paging.more, True)
    return page


def count(paging: Paging, whole: Mapping[str, Any]) -> int:
    """How many items an answer has, in all lists that are cut."""
    return sum(len(items) for items in (_get(whole, name) for name in paging.lists) if isinstance(items, list))


def _get(members: Mapping[str, Any], name: str) -> Any:
    value: Any = members
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _set(members: dict[str, Any], name: str, value: Any) -> None:
    """Set a member, below copies of the mappings that it stands in; None removes it."""
    head, _, rest = name.partition(".")
    if rest:
        members[head] = dict(members.get(head) or {})
        _set(members[head], rest, value)
    elif value is None:
        members.pop(head, None)
    else:
        members[head] = value


@cache
def _paging(service: str, operation: str) -> Paging | None:
    row = _paginators(service).get(operation)
    if row is None:
        return None
    given, told, lists = (_many(row.get(name)) for name in ("input_token", "output_token", "result_key"))
    told = tuple(name.partition("||")[0].strip() for name in told)
    if not lists or any("[" in name for name in (*told, *lists)) or not _is_text(service, operation, given[0]):
        return None
    return Paging(given[0], told, lists, row.get("more_results", ""), row.get("limit_key", ""))


def _is_text(service: str, operation: str, member: str) -> bool:
    """Whether an input member is text: a token that is a key (DynamoDB) cannot be made up."""
    shape = get_service_model(service).operation_model(operation).input_shape
    return shape is not None and member in shape.members and shape.members[member].type_name == "string"


@cache
def _paginators(service: str) -> Mapping[str, Any]:
    try:
        return dict(create_loader().load_service_model(service, "paginators-1")["pagination"])
    except (DataNotFoundError, UnknownServiceError):
        return {}


def _many(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else (value,) if value else ()


def _unmodelled(call: Call) -> Paging | None:
    try:
        given, answered = call.model.input_shape, call.model.output_shape
    except (OperationNotFoundError, UnknownServiceError):
        return None
    if given is None or answered is None:
        return None
    pair = next((pair for pair in _TOKENS if pair[0] in given.members and pair[1] in answered.members), None)
    lists = tuple(name for name, shape in answered.members.items() if shape.type_name == "list")
    return Paging(pair[0], (pair[1],), lists, modelled=False) if pair else None
