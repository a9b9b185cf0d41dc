"""The regions of an environment, by skyworthy.toml and by the code."""

from skyworthy.config import Environment
from skyworthy.errors import BadInput
from skyworthy.estate.configuration import Configuration


def home_of(environment: Environment, configuration: Configuration) -> str:
    """The region of what has no provider alias; empty where neither skyworthy.toml nor the code says it.

    Raises:
        BadInput: both say it and ``regions`` leaves out what the code says: what is there would not be found.
    """
    blocks = [item for item in configuration.providers if item.name == "aws" and item.alias is None]
    coded = next((region for item in blocks if isinstance(region := item.attributes.get("region"), str)), "")
    if not environment.regions:
        return environment.region or coded
    if coded and coded not in environment.regions:
        raise BadInput(
            f"{blocks[0].location}: the provider is in {coded}, which `regions` of [environments.{environment.name}] "
            f"does not name: {', '.join(environment.regions)}"
        )
    return coded or environment.region
