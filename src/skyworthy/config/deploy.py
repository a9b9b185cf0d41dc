"""``[deploy]``: how images are built, and what a deployment waits for."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ImageSource:
    """Where an image is built from.

    Args:
        context: the directory that is sent to the builder, relative to skyworthy.toml.
        dockerfile: relative to skyworthy.toml; empty: ``Dockerfile`` in the context.
        arguments: ``--build-arg`` of the build, by name.
    """

    context: str
    dockerfile: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DeploySettings:
    """``[deploy]``.

    Args:
        images: container name -> where its image is built from; a container that is not named keeps its image.
        platform: of the images, as docker writes it.
        version_variable: set to the image's tag in each container whose definition has it; empty: none is.
        timeout_seconds: how long services may take to become stable.
    """

    images: Mapping[str, ImageSource] = field(default_factory=dict)
    platform: str = "linux/amd64"
    version_variable: str = "APP_VERSION"
    timeout_seconds: float = 600.0
