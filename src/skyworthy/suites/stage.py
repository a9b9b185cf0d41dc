"""What the suites of one environment share in one run: the estate, the account, the observation, each made once."""

from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Self

from skyworthy import declared
from skyworthy.config import Environment, Settings, Waiver
from skyworthy.config.deploy import DeploySettings
from skyworthy.declared import Inputs, inputs_of
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Unknown
from skyworthy.estate.configuration import Configuration
from skyworthy.estate.regions import Regions
from skyworthy.suites.options import Options, waivers_of
from skyworthy.suites.places import home_of

if TYPE_CHECKING:
    from skyworthy.observed import Observation
    from skyworthy.sandbox.launch.launched import Launched
    from skyworthy.suites.account import Account


class Stage:
    """One environment in one run; a context manager that closes what was opened.

    Args:
        settings: of the directory that the command was started in.
        environment: which.
        options: what the front-end asks for.
    """

    def __init__(self, settings: Settings, environment: Environment, options: Options) -> None:
        self.settings = settings
        self.environment = environment
        self.options = options
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @cached_property
    def declared(self) -> Estate:
        """What the Terraform declares, from the cache where nothing changed.

        Raises:
            BadInput: the Terraform cannot be read.
        """
        self.options.progress(f"reading {self.environment.root}")
        read = declared.read(self.environment.root, self.inputs, cache=self.settings.cache)
        if self.options.plan is not None:
            return declared.with_exact(read, declared.read_plan(self.options.plan))
        if self.options.state is not None:
            return declared.with_exact(read, declared.read_state(self.options.state))
        return read

    @cached_property
    def configuration(self) -> Configuration:
        """Backend, pins and variables of the root module.

        Raises:
            BadInput: the Terraform cannot be read.
        """
        return declared.configuration(self.environment.root, self.inputs, beside=self.environment.beside)

    @property
    def inputs(self) -> Inputs:
        """What the root module is given."""
        return inputs_of(self.environment)

    @cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        """The waivers to heed: none for somebody else's directory.

        Raises:
            BadInput: waivers.toml is malformed.
        """
        return waivers_of(self.settings, self.options) if self._is_ours else ()

    @property
    def deploy(self) -> DeploySettings:
        """What is deployed, and how: nothing is known of that for somebody else's directory."""
        return self.settings.deploy if self._is_ours else DeploySettings()

    @property
    def _is_ours(self) -> bool:
        """Whether the environment is one that the settings speak of, where they name any."""
        ours = {item.root.resolve() for item in self.settings.environments.values()}
        here = self.settings.directory.resolve()  # the repository itself
        return not ours or self.environment.root.resolve() in {*ours, here}

    @cached_property
    def account(self) -> "Account":
        """Where live and smoke look, kept open until the stage is closed.

        Raises:
            BadInput: it cannot be reached.
        """
        # Imported here: the static suite needs no boto3, and starts in half the time without it.
        from skyworthy.suites.account import account

        return self._opened.enter_context(account(self.settings, self.environment, self.options, self.home))

    @cached_property
    def home(self) -> str:
        """The region of what has no provider alias; empty where neither skyworthy.toml nor the code says it.

        Raises:
            BadInput: the Terraform cannot be read, or says another region than skyworthy.toml.
        """
        if self.environment.region and not self.environment.regions:
            return self.environment.region
        return home_of(self.environment, self.configuration)

    @cached_property
    def regions(self) -> Regions:
        """What the Terraform declares, by the regions in which it is looked for.

        Raises:
            BadInput: the Terraform cannot be read, or the account cannot be reached.
        """
        return Regions(self.declared, self.account.session.region, self.environment.regions)

    @property
    def region_names(self) -> tuple[str, ...]:
        """The regions of the environment: those of skyworthy.toml, else all that the code names."""
        return self.environment.regions or self.regions.names

    @property
    def looked_in(self) -> tuple[str, ...]:
        """The regions in which it is looked.

        Raises:
            BadInput: one is asked for in which nothing of it is.
        """
        names, asked = self.region_names, self.options.region
        if asked and asked not in names:
            raise BadInput(f"{self.environment.name} is not in {asked}; its regions: {', '.join(names)}")
        return (asked,) if asked else names

    @cached_property
    def observation(self) -> "Observation":
        """What the account holds of the stack, observed once.

        Raises:
            BadInput: nothing could be seen.
        """
        self.options.progress("observing the account")
        return self.observe()

    @cached_property
    def seen(self) -> Regions:
        """What the account holds of the stack, by its regions.

        Raises:
            BadInput: nothing could be seen.
        """
        return self.regions.observed(self.observation.estate, self.observation.unread_in)

    def observe(self) -> "Observation":
        """What the account holds of the stack at this moment.

        Raises:
            BadInput: nothing could be seen.
        """
        from skyworthy.observed import observe_regions

        looked_at = self.account
        return observe_regions(
            looked_at.session_in,
            self.regions,
            self.looked_in,
            with_secrets=True,
            thorough=self.settings.live.thorough,
            idle=looked_at.idle,
        )

    @property
    def launched(self) -> "Launched":
        """The services of the sandbox, launched at the first time of asking and stopped when the stage is closed.

        Raises:
            BadInput: they cannot be launched.
        """
        if isinstance(self._launch, BadInput):
            raise self._launch
        return self._launch

    def launch(self) -> bool:
        """Launch the services of the sandbox, if that can be done; whether they run.

        Raises:
            BadInput: the account cannot be reached.
        """
        return self.account.sandbox is not None and not isinstance(self._launch, BadInput)

    @cached_property
    def _launch(self) -> "Launched | BadInput":
        """What was launched, or why nothing could be: tried once, told to everyone who needs it."""
        from skyworthy.suites.launch import launched

        try:
            return self._opened.enter_context(launched(self))
        except BadInput as error:
            return error

    @cached_property
    def state(self) -> "Observation | Unknown":
        """What the account holds of the state's bucket and lock table, or why they are not looked at."""
        from skyworthy.observed.state import observe_state

        looked_at = self.account
        if looked_at.sandbox is not None:
            return Unknown("a sandbox keeps the state in a file of its own", left_out=True)
        if not self.settings.live.thorough:
            return Unknown("left out: only a thorough run reads it ([live] thorough in skyworthy.toml)", left_out=True)
        return observe_state(looked_at.session, self.configuration.backend)
