"""The document that ``data.aws_iam_policy_document`` makes.

https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/website/docs/d/iam_policy_document.html.markdown
"""

from skyworthy.declared.evaluation.blocks import read_blocks, settle
from skyworthy.declared.evaluation.expressions import Scope
from skyworthy.declared.evaluation.values import because, make_set, undetermined
from skyworthy.declared.hcl import Block
from skyworthy.declared.json_text import decode_json
from skyworthy.estate import Reference, Template, Unknown, Value, type_of

_LISTS = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}


def policy_document(block: Block, scope: Scope, address: str) -> Value:
    """The policy as data, or Unknown where its statements are not known.

    Args:
        block: the data source.
        scope: where its expressions are evaluated.
        address: of its instance.
    """
    statements = read_blocks(block.body, scope, address, "statement", type_of("aws_iam_policy_document"))
    if isinstance(statements, Unknown):
        return statements
    own = [_statement(item) for item in statements]
    unknown = next((item for item in own if isinstance(item, Unknown)), None)
    if unknown is not None:
        return unknown
    sources = _documents(block, scope, "source_policy_documents", "source_json")
    overrides = _documents(block, scope, "override_policy_documents", "override_json")
    if isinstance(sources, Unknown) or isinstance(overrides, Unknown):
        return sources if isinstance(sources, Unknown) else overrides
    merged = _merged([*sources, *own], overrides)
    document: dict[str, Value] = {"Version": _setting(block, scope, "version") or "2012-10-17"}
    policy_id = _setting(block, scope, "policy_id")
    if policy_id is not None:
        document["Id"] = policy_id
    return {**document, "Statement": merged}


def _setting(block: Block, scope: Scope, name: str) -> Value:
    attribute = block.body.attributes.get(name)
    return settle(attribute.expression, attribute.text, scope) if attribute else None


def _statement(block: dict[str, Value]) -> Value:
    effect = block.get("effect")
    result: dict[str, Value] = {"Effect": "Allow" if effect is None else effect}
    if block.get("sid"):
        result["Sid"] = block["sid"]
    for name, key in _LISTS.items():
        if isinstance(block.get(name), Unknown):
            result[key] = block[name]
        elif block.get(name):
            result[key] = _scalar_or_list(block[name])
    for name, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if block.get(name):
            result[key] = block[name] if isinstance(block[name], Unknown) else _principals(block[name])
    conditions = block.get("condition")
    if conditions:
        grouped = conditions if isinstance(conditions, Unknown) else _conditions(conditions)
        if isinstance(grouped, Unknown):
            return grouped
        result["Condition"] = grouped
    return result


def _scalar_or_list(items: Value) -> Value:
    if undetermined(items):
        return because(items)
    unique = list(make_set(items))
    return unique[0] if len(unique) == 1 else unique


def _principals(blocks: list[dict[str, Value]]) -> Value:
    result: dict[str, Value] = {}
    for block in blocks:
        type, identifiers = block.get("type"), block.get("identifiers") or []
        if undetermined(type) or undetermined(identifiers):
            return because(type if undetermined(type) else identifiers)
        if type == "*" and list(identifiers) == ["*"]:
            return "*"
        held = result.get(str(type), [])
        result[str(type)] = [*(held if isinstance(held, list) else [held]), *identifiers]
    return {type: _scalar_or_list(identifiers) for type, identifiers in result.items()}


def _conditions(blocks: list[dict[str, Value]]) -> Value:
    result: dict[str, dict[str, Value]] = {}
    for block in blocks:
        test, variable, values = block.get("test"), block.get("variable"), block.get("values")
        if isinstance(test, (Unknown, Reference, Template)) or isinstance(variable, Unknown):
            return because(test if undetermined(test) else variable)
        held = result.setdefault(str(test), {}).setdefault(str(variable), [])
        if undetermined(values):
            return because(values)
        result[str(test)][str(variable)] = [*held, *(values or [])]
    return {test: {name: _one(items) for name, items in names.items()} for test, names in result.items()}


def _one(items: Value) -> Value:
    return items[0] if len(items) == 1 else items


def _documents(block: Block, scope: Scope, *names: str) -> "list[dict[str, Value]] | Unknown":
    """The statements of the documents that an argument lists."""
    statements: list[dict[str, Value]] = []
    for name in names:
        texts = _setting(block, scope, name)
        if isinstance(texts, (Unknown, Reference, Template)):
            texts = [texts]
        for text in [texts] if isinstance(texts, str) else texts or []:
            if isinstance(text, (Unknown, Reference)):
                return because(text)
            if not text:
                continue
            try:
                found = decode_json(text).get("Statement", [])
            except (ValueError, AttributeError):
                return Unknown(f"{name} holds no policy document")
            statements += found if isinstance(found, list) else [found]
    return statements


def _merged(statements: list[dict[str, Value]], overrides: list[dict[str, Value]]) -> list[dict[str, Value]]:
    """Statements in order; one that overrides, or comes later with the same Sid, takes the place of the first."""
    result: list[dict[str, Value]] = []
    for item in [*statements, *overrides]:
        sid = item.get("Sid")
        place = next((at for at, other in enumerate(result) if isinstance(sid, str) and other.get("Sid") == sid), None)
        if place is None:
            result.append(item)
        else:
            result[place] = item
    return result
