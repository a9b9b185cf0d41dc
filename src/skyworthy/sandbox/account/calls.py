"""AWS API calls as the sandbox server sees them: which operation of which service, with which parameters.

Recognition, parsing and serialisation follow the service models of botocore through moto's own protocol code, so that
a gap fill or a fault answers in the form of the service's protocol (query, EC2, JSON, REST-JSON, REST-XML).
"""

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from io import BytesIO
from typing import Any, TypeAlias

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from botocore.session import get_session
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import XFormedAttributePicker, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

log = logging.getLogger(__name__)

DEFAULT_ACCOUNT = "123456789012"

READS = re.compile(
    r"^(Describe|List|Get(?!Authorization)|Head|Lookup|Search|Select|Scan|Query|Filter|Simulate|BatchGet|BatchDescribe"
    r"|Check|Estimate|Preview|Validate|Verify)"
)
"""Names of operations that leave the account as it is."""

TOKENS = frozenset({"CallerReference", "ClientRequestToken", "ClientToken", "clientRequestToken", "clientToken"})
"""Names of idempotency tokens; the service models do not mark all of them as such."""

SERVICES_OF_SIGNING_NAME = {
    "access-analyzer": ("accessanalyzer",),
    "airflow": ("mwaa",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "aps": ("amp",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "es": ("opensearch", "es"),
    "geo": ("location",),
    "mobiletargeting": ("pinpoint",),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "servicecatalog": ("servicecatalog", "servicecatalog-appregistry"),
    "servicequotas": ("service-quotas",),
    "ses": ("ses", "sesv2"),
    "sso": ("sso-admin",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "timestream": ("timestream-write", "timestream-query"),
}
"""Signature scopes that are not the service's name in botocore, or that several services share."""

Response: TypeAlias = tuple[int, Mapping[str, str], bytes]
"""Status, headers, body."""


class AwsError(ServiceException):
    """An error of the AWS API: `AwsError(code, message)`.

    Outside moto's packages, so that it is serialised by the model of the call's service.
    """


@dataclass
class Call:
    """One API call: `service` and `operation` are botocore's names (`rds`, `DescribeDBInstances`)."""

    service: str
    operation: str
    region: str
    request: Request
    uri_params: dict[str, Any] = field(default_factory=dict)
    account: str = DEFAULT_ACCOUNT

    @property
    def name(self) -> str:
        """`service:Operation`, the form in which calls are reported."""
        return f"{self.service}:{self.operation}"

    @property
    def reads(self) -> bool:
        """Whether the operation leaves the account as it is, judged by its name."""
        return READS.match(self.operation) is not None

    @property
    def tokens(self) -> frozenset[str]:
        """Members that clients fill with a random value of their own, to recognise a repeated request."""
        try:
            marked = {str(member) for member in self.model.idempotent_members}
        except OperationNotFoundError:
            marked = set()
        return TOKENS | marked

    @property
    def model(self) -> OperationModel:
        """botocore's model of the operation.

        Raises:
            OperationNotFoundError: for an operation that the installed botocore does not know.
        """
        model: OperationModel = get_service_model(self.service).operation_model(self.operation)
        return model

    @property
    def protocol(self) -> str:
        """The protocol of the request: `query`, `ec2`, `json`, `rest-json` or `rest-xml`."""
        return str(determine_request_protocol(get_service_model(self.service), self.request.content_type))

    @cached_property
    def params(self) -> dict[str, Any]:
        """The request's parameters, named and typed as in the service model; empty where they cannot be parsed."""
        try:
            model = self.model
            return dict(
                PROTOCOL_PARSERS[self.protocol](model).parse(
                    {
                        "method": self.request.method,
                        "values": self.request.values,
                        "headers": self.request.headers,
                        "body": self.request.data,
                        "url_path": self.request.path,
                        "url_params": self.uri_params,
                    }
                )
            )
        except (OperationNotFoundError, NotImplementedError, RequestParserError, ValueError) as error:
            log.warning("parameters of %s cannot be read: %s", self.name, error)
            return {}

    def answer(self, result: object) -> Response:
        """Serialise a result as the service would.

        Args:
            result: a mapping, an object with the members as attributes, or an exception.
        """
        model = get_service_model(self.service)
        try:
            operation = self.model
        except OperationNotFoundError:
            operation = OperationModel({}, model)
        serializer = get_serializer_class(self.service, self.protocol)(
            operation_model=operation, value_picker=XFormedAttributePicker()
        )
        serialized = serializer.serialize(result)
        body = serialized["body"]
        return serialized["status_code"], serialized["headers"], body.encode() if isinstance(body, str) else body

    def fail(self, code: str, message: str, status: int = 400) -> Response:
        """Answer the AWS error `code` in the protocol's error form.

        Args:
            code: error code as AWS names it (`AccessDenied`, `Throttling`).
            message: for people.
            status: HTTP status, for codes that the service model does not define.
        """
        given, headers, body = self.answer(AwsError(code, message))
        return (status if given in (200, 400) else given), headers, body


def identify(environ: Mapping[str, Any], body: bytes) -> Call | None:
    """Tell which call a request is.

    Args:
        environ: WSGI environment of the request.
        body: the request's body.

    Returns:
        The call, or None for a request that is not a signed AWS API call.
    """
    scope = _signature_scope(str(environ.get("HTTP_AUTHORIZATION", "")))
    if scope is None:
        return None
    region, signing_name = scope
    request = Request({**environ, "wsgi.input": BytesIO(body), "wsgi.input_terminated": True})
    if request.content_length is None and body:
        request.environ["CONTENT_LENGTH"] = str(len(body))
    service = _service(signing_name, request)
    call = Call(service, _named_operation(request), region, request, account=account_id())
    try:
        operation, call.uri_params = get_service_router(service).match(request)
        call.operation = str(operation.name)
    except (NotFound, NotImplementedError, UnknownServiceError):
        log.debug("no operation of %s matches %s %s", service, request.method, request.path)
    return call


def account_id() -> str:
    """The account that the server plays (12 digits)."""
    return os.environ.get("MOTO_ACCOUNT_ID", DEFAULT_ACCOUNT)


def canonical(params: object) -> str:
    """Parameters as one stable line, for hashing; the order of lists does not count, since clients shuffle tags."""
    return json.dumps(_ordered(params), sort_keys=True, default=_as_text)


def _ordered(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _ordered(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(each) for each in value), key=lambda each: json.dumps(each, default=_as_text))
    return value


def _as_text(value: object) -> str:
    read = getattr(value, "read", None)
    return repr(read() if callable(read) else value)


def _signature_scope(authorization: str) -> tuple[str, str] | None:
    """Region and signing name of a SigV4 `Authorization` header.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
    """
    found = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request", authorization)
    return (found[1], found[2].lower()) if found else None


def _named_operation(request: Request) -> str:
    """The operation as the request itself names it; method and path where it does not."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", 1)[-1]
    action = request.values.get("Action")
    return action or f"{request.method} {request.path}"


def _service(signing_name: str, request: Request) -> str:
    candidates = SERVICES_OF_SIGNING_NAME.get(signing_name, (signing_name,))
    if len(candidates) == 1:
        return candidates[0]
    path, target = request.path, request.headers.get("X-Amz-Target", "")
    if signing_name == "elasticloadbalancing":
        return "elb" if request.values.get("Version") == "2012-06-01" else "elbv2"
    second_by_path = {"ses": "/v2/", "apigateway": "/v2/", "s3": "/v20180820/", "es": "/2015-01-01/"}
    second_by_target = {"dynamodb": "DynamoDBStreams", "timestream": "Timestream_20181101.Query"}
    if signing_name in second_by_path:
        return candidates[1] if path.startswith(second_by_path[signing_name]) else candidates[0]
    if signing_name in second_by_target:
        return candidates[1] if target.startswith(second_by_target[signing_name]) else candidates[0]
    return candidates[0] if target else candidates[1]


@cache
def known_services() -> frozenset[str]:
    """Every service that the installed botocore has a model of."""
    return frozenset(get_session().get_available_services())
