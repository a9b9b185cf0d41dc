"""Identifiers of things in somebody's real account, written out in a root module: in the copy, the sandbox's own."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skyworthy.declared import Inputs
from skyworthy.sandbox.terraform.existing import Existing
from skyworthy.sandbox.terraform.seeds import absent

_HEX = r"(?:[0-9a-f]{8}|[0-9a-f]{17})"


@dataclass(frozen=True)
class _Kind:
    """One kind of identifier.

    Attributes:
        pattern: finds it; the first group is the identifier.
        missing: whether the sandbox lacks the one that is written.
        instead: what there is.
    """

    pattern: re.Pattern[str]
    missing: Callable[[Existing, str], bool]
    instead: Callable[[Existing, str], Sequence[str]]


def replace(tree: Path, home: Path, existing: Existing, inputs: Inputs) -> tuple[Inputs, list[str]]:
    """Put the sandbox's identifiers in the place of those that it does not have.

    Args:
        tree: the copied sources, which are changed.
        home: folder for changed copies of variable files.
        existing: the sandbox.
        inputs: what is given beside them.

    Returns:
        The inputs to use, and one line for each identifier.
    """
    files = [
        path for path in sorted(tree.rglob("*")) if path.name.endswith((".tf", ".tf.json", ".tfvars", ".tfvars.json"))
    ]
    texts = {path: path.read_text(errors="replace") for path in (*files, *inputs.var_files)}
    found = _stand_ins([*texts.values(), *(f'"{text}"' for text in inputs.variables.values())], existing)
    if not found:
        return inputs, []
    for path in files:
        changed = _with(texts[path], found)
        if changed != texts[path]:
            path.write_text(changed)
    var_files = []
    for number, path in enumerate(inputs.var_files):
        changed = _with(texts[path], found)
        own = path if changed == texts[path] else home / f"changed-{number}-{path.name}"
        if own != path:
            own.write_text(changed)
        var_files.append(own)
    variables = {name: _with(text, found) for name, text in inputs.variables.items()}
    notes = [f"{written} is not in the sandbox: {instead} stands in for it" for written, instead in found.items()]
    return dataclasses.replace(inputs, var_files=tuple(var_files), variables=variables), notes


def _stand_ins(texts: Iterable[str], existing: Existing) -> dict[str, str]:
    whole = "\n".join(texts)
    found: dict[str, str] = {}
    for kind in _KINDS:
        written = [each for each in dict.fromkeys(kind.pattern.findall(whole)) if kind.missing(existing, each)]
        for number, each in enumerate(written):
            there = kind.instead(existing, each)
            if there:
                found[each] = there[number % len(there)]
    return found


def _with(text: str, found: Mapping[str, str]) -> str:
    for written, instead in found.items():
        text = text.replace(written, instead)
    return text


def _region_of(arn: str) -> str:
    return arn.split(":")[3]


def _no_certificate(existing: Existing, arn: str) -> bool:
    return absent(existing.client("acm", _region_of(arn)).describe_certificate, CertificateArn=arn)


def _no_key(existing: Existing, arn: str) -> bool:
    return absent(existing.client("kms", _region_of(arn)).describe_key, KeyId=arn)


def _no_zone(existing: Existing, id: str) -> bool:
    return absent(existing.client("route53").get_hosted_zone, Id=id)


def _of_ec2(prefix: str, operation: str, argument: str, others: Callable[[Existing], Sequence[str]]) -> _Kind:
    def missing(existing: Existing, id: str) -> bool:
        return absent(getattr(existing.client("ec2"), operation), **{argument: [id]})

    return _Kind(re.compile(rf'"({prefix}-{_HEX})"'), missing, lambda existing, _: others(existing))


_KINDS = (
    _Kind(
        re.compile(r'"(arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9A-Za-z-]+)"'),
        _no_certificate,
        lambda existing, arn: existing.certificates(_region_of(arn)),
    ),
    _Kind(
        re.compile(r'"(arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9A-Za-z-]+)"'),
        _no_key,
        lambda existing, arn: existing.at(_region_of(arn)).keys(),
    ),
    _Kind(
        re.compile(r'zone_id"?\s*[=:]\s*"(Z(?!2FDTNDATAQYW2)[0-9A-Z]{8,31})"'),
        _no_zone,
        lambda existing, _: existing.hosted_zones(),
    ),
    _of_ec2("vpc", "describe_vpcs", "VpcIds", Existing.vpcs),
    _of_ec2("subnet", "describe_subnets", "SubnetIds", Existing.subnets),
    _of_ec2("sg", "describe_security_groups", "GroupIds", Existing.security_groups),
    _of_ec2("ami", "describe_images", "ImageIds", Existing.images),
)
"""The hosted zone of CloudFront is the same for everybody."""
