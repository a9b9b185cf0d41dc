"""Container images as ECS reads them: the repository they come from, and what picks one of its images.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#container_definition_image,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
"""

import difflib
import re
from dataclasses import dataclass
from typing import Any

from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.secrets import containers
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value
from skyworthy.estate.values import split_text

_REPOSITORY = "aws_ecr_repository"
_BLANKS = 0xE000  # private use area: no image has a character of it
_BLANK = re.compile("[\ue000-\uf8ff]")
_IMAGE = re.compile(r"(?P<repository>[^@]*?)(?::(?P<tag>[^:/@]*))?(?:@(?P<digest>.*))?", re.DOTALL)
_ECR = re.compile(
    r"(\d{12}|[\ue000-\uf8ff])\.dkr\.ecr\.([a-z0-9-]+|[\ue000-\uf8ff])\.amazonaws\.com(\.cn)?/(?P<name>.+)"
)
_MOVING = "latest"


@dataclass(frozen=True)
class Image:
    """An image's parts.

    Args:
        parts: text, references and unknowns in order.
        repository: what stands before tag and digest; a character of the private use area for each part that is no
            text, see :func:`_value`.
        tag: what stands behind the colon, None where there is none.
        digest: a digest is given.
    """

    parts: tuple[Any, ...]
    repository: str
    tag: Value
    digest: bool


def image_of(value: Value) -> Image:
    """An image taken apart.

    Raises:
        Undecidable: where nothing of it is known.
    """
    if isinstance(value, Unknown):
        raise value.undecidable()
    parts = value.parts if isinstance(value, Template) else (value,)
    text = "".join(part if isinstance(part, str) else chr(_BLANKS + index) for index, part in enumerate(parts))
    match = _IMAGE.fullmatch(text)
    if match is None:
        raise Undecidable(f"{value} has not the form of an image")
    tag = None if match["tag"] is None else _value(match["tag"], parts)
    return Image(parts, match["repository"], tag, match["digest"] is not None)


def _value(text: str, parts: tuple[Any, ...]) -> Value:
    """A piece of an image's text, with its references and unknowns back in their places."""
    return split_text(text, _BLANK, lambda match: parts[ord(match[0]) - _BLANKS])


def without_tag(value: Value) -> Value:
    """The repository of an image, without tag and digest; unknown where they are part of something not known."""
    try:
        image = image_of(value)
        if image.tag is None and not image.digest and _holds_digest(image):
            return Unknown(f"{value} holds a digest that is not known")
    except Undecidable as undecidable:
        return Unknown(undecidable.reason)
    return _value(image.repository, image.parts)


def moves(value: Value) -> str:
    """Why an image may be another one tomorrow: ``its tag is latest``; empty where a tag or digest is fixed.

    Raises:
        Undecidable: where the tag is not known.
    """
    image = image_of(value)
    if image.digest:
        return ""
    if image.tag is None:
        return "" if _holds_digest(image) else "it has no tag, which means latest"
    if isinstance(image.tag, Template) and not _may_be_latest(image.tag):
        return ""
    if isinstance(image.tag, (Unknown, Reference, Template)):
        raise image.tag.undecidable()
    return "its tag is latest" if image.tag in ("", _MOVING) else ""


def _may_be_latest(tag: Template) -> bool:
    pattern = "".join(re.escape(part) if isinstance(part, str) else ".*" for part in tag.parts)
    return re.fullmatch(pattern, _MOVING) is not None


def _holds_digest(image: Image) -> bool:
    """Whether an image without a colon ends in a reference that brings tag or digest along.

    Raises:
        Undecidable: where that is not known.
    """
    last = _value(image.repository[-1:], image.parts)
    if isinstance(last, Unknown):
        raise last.undecidable()
    if not isinstance(last, Reference) or _REPOSITORY in last.address.split("."):
        return False
    if last.address.split(".")[-2:][0] == "aws_ecr_image" and last.attribute == "image_uri":
        return True
    raise last.undecidable()


def repository_of(value: Value, estate: Estate) -> "Resource | str | None":
    """The ECR repository of an image; its name where the estate does not have it; None for other registries.

    Raises:
        Undecidable: where that is not known.
    """
    image = image_of(value)
    head = image.parts[0]
    if isinstance(head, Unknown):
        raise head.undecidable()
    if isinstance(head, Reference) and head.attribute == "repository_url":
        found = estate.find(head, _REPOSITORY)
        if found is None:
            raise head.undecidable()
        rest = image.repository[1:]
        return found if not rest else _named([found["name"], *_pieces(rest, image)], estate)
    match = _ECR.match(image.repository)
    if match is not None:
        return _named(_pieces(match["name"], image), estate)
    if isinstance(head, Reference):
        if head.address.split(".")[-2:][0] == "aws_ecr_image":
            return None  # Terraform reads it, so that it exists
        raise head.undecidable()
    return None


def _pieces(text: str, image: Image) -> list[Value]:
    value = _value(text, image.parts)
    return list(value.parts) if isinstance(value, Template) else [value]


def _named(pieces: list[Value], estate: Estate) -> "Resource | str":
    """The repository of a name that is written in pieces, each text or a reference to a repository's name."""
    names = [_name(piece, estate) for piece in pieces]
    name = "".join(names)
    return estate.find(name, _REPOSITORY) or name


def _name(piece: Value, estate: Estate) -> str:
    found = estate.find(piece, _REPOSITORY) if isinstance(piece, Reference) else None
    name = found["name"] if found is not None else piece
    if isinstance(name, (Unknown, Reference, Template)):
        raise name.undecidable()
    return str(name)


def meant(name: str, estate: Estate) -> Resource | None:
    """The repository that is probably meant by a name that none has: nearly the same, and no container runs of it."""
    unused = {str(item.peek("name")): item for item in idle(estate)}
    near = difflib.get_close_matches(name, unused, 1, 0.8)
    return unused[near[0]] if near else None


def idle(estate: Estate) -> tuple[Resource, ...]:
    """The repositories of which no container of the estate runs an image."""
    used = remembered(estate, "repositories in use", lambda: _in_use(estate))
    return tuple(item for item in estate.of(_REPOSITORY) if item.address not in used)


def bears(resource: Resource, name: str) -> bool:
    """Whether the name of a repository or log group holds another name as a word: ``backend`` in ``shop/backend``."""
    own = resource.peek("name")
    parts = own.parts if isinstance(own, Template) else (own,)
    text = "".join(part if isinstance(part, str) else "/" for part in parts)
    return re.search(rf"(^|[/_.-]){re.escape(name)}($|[/_.-])", text) is not None


def _in_use(estate: Estate) -> frozenset[str]:
    """The addresses of the repositories that containers run images of."""
    found = set()
    for task in estate.of("aws_ecs_task_definition"):
        try:
            repositories = [repository_of(item.get("image"), estate) for item in containers(task)]
        except Undecidable:
            # What this task runs may be of any of them.
            return frozenset(item.address for item in estate.of(_REPOSITORY))
        found |= {item.address for item in repositories if isinstance(item, Resource)}
    return frozenset(found)
