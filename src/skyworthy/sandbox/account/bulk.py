"""Many API calls in one request, within the server: what making as many requests would take minutes for.

A call's parameters may use what earlier calls answered: ``${vpc.Vpc.VpcId}`` in any text of them is that place (dotted
members) in the answer of the call that was given the name ``vpc``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from io import BytesIO
from typing import Any, TypeAlias
from urllib.parse import unquote, urlencode

from botocore.exceptions import BotoCoreError
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.utils import get_service_model

from skyworthy.sandbox.account.calls import Response

Handler: TypeAlias = Callable[[dict[str, Any], bytes], Response]
"""Answers a request: WSGI environment and body -> status, headers, body."""

_PLACE = re.compile(r"\$\{([^}]+)\}")
_SIGNED = (
    "AWS4-HMAC-SHA256 Credential=testing/20000101/{region}/{scope}/aws4_request, SignedHeaders=host, Signature=none"
)


def carry_out(
    calls: Iterable[Mapping[str, Any]], known: Mapping[str, Any], region: str, handle: Handler
) -> dict[str, dict[str, Any]]:
    """Make calls in their order.

    Args:
        calls: each with ``service`` and ``operation`` (botocore's names), ``parameters``, and ``name`` where its answer
            is to be kept.
        known: answers of calls made before, by name.
        region: where.
        handle: answers requests.

    Returns:
        The answers of the calls that have a name, by name.

    Raises:
        ValueError: a call is not understood or was refused; the ones before it were carried out.
        KeyError: a place names an answer that there is none of.
    """
    answers: dict[str, Any] = dict(known)
    for call in calls:
        said = f"{call['service']}:{call['operation']}"
        parameters = _filled(call.get("parameters", {}), answers)
        try:
            operation = _operation(call["service"], call["operation"])
            request = _request(operation, parameters, region)
        except (BotoCoreError, OperationNotFoundError) as error:
            raise ValueError(f"{said}: {error}") from error
        status, headers, content = handle(*request)
        if status >= 400:
            raise ValueError(f"{said}: {status} {content[:500].decode(errors='replace')}")
        if "name" in call:
            answers[call["name"]] = _parsed(operation, status, headers, content)
    return {name: answer for name, answer in answers.items() if name not in known}


@cache
def _operation(service: str, name: str) -> OperationModel:
    model: OperationModel = get_service_model(service).operation_model(name)
    return model


def _filled(value: Any, answers: Mapping[str, Any]) -> Any:
    """A value with its places filled in."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: _at(found[1], answers), value) if "${" in value else value
    if isinstance(value, Mapping):
        return {name: _filled(each, answers) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, answers) for each in value]
    return value


def _at(place: str, answers: Mapping[str, Any]) -> str:
    value: Any = answers
    for member in place.split("."):
        value = value[int(member)] if isinstance(value, list) else value[member]
    return str(value)


def _request(operation: OperationModel, parameters: dict[str, Any], region: str) -> tuple[dict[str, Any], bytes]:
    """The WSGI environment and body of a call, as a client would send it."""
    service: ServiceModel = operation.service_model
    made = _serializer(service.resolved_protocol).serialize_to_request(parameters, operation)
    body = made["body"]
    body = urlencode(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    path, _, fixed = made["url_path"].partition("?")
    given = made["query_string"]
    query = "&".join(part for part in (fixed, urlencode(given) if isinstance(given, dict) else given) if part)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": made["method"],
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "RAW_URI": path + (f"?{query}" if query else ""),
        "REQUEST_URI": path + (f"?{query}" if query else ""),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": _SIGNED.format(region=region, scope=service.signing_name),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http",
    }
    for name, value in made["headers"].items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = str(value)
    return environ, body


@cache
def _serializer(protocol: str) -> Any:
    return create_serializer(protocol, include_validation=True)


def _parsed(operation: OperationModel, status: int, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
    if operation.output_shape is None:
        return {}
    parser = create_parser(operation.service_model.resolved_protocol)
    response = {"status_code": status, "headers": dict(headers), "body": content}
    parsed: dict[str, Any] = parser.parse(response, operation.output_shape)
    parsed.pop("ResponseMetadata", None)
    return parsed
