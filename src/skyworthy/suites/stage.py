"""What the suites of one environment share in one run: the estate, the account, the observation, each made once."""

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from skyworthy import declared
from skyworthy.config import Environment, Settings, Waiver
from skyworthy.estate import Estate, Unknown
from skyworthy.estate.configuration import Configuration
from skyworthy.suites.options import Options, waivers_of

if TYPE_CHECKING:
    from skyworthy.observed import Observation
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
        read = declared.read(self.environment.root, var_files=self._var_files, cache=self.settings.cache)
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
        return declared.configuration(self.environment.root, var_files=self._var_files)

    @property
    def _var_files(self) -> list[Path]:
        return [self.environment.root / name for name in self.environment.var_files]

    @cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        """The waivers to heed: none for somebody else's directory, where skyworthy.toml names what is ours.

        Raises:
            BadInput: waivers.toml is malformed.
        """
        ours = {item.root.resolve() for item in self.settings.environments.values()}
        here = self.settings.directory.resolve()  # the repository itself
        if ours and self.environment.root.resolve() not in {*ours, here}:
            return ()
        return waivers_of(self.settings, self.options)

    @cached_property
    def account(self) -> "Account":
        """Where live and smoke look, kept open until the stage is closed.

        Raises:
            BadInput: it cannot be reached.
        """
        # Imported here: the static suite needs no boto3, and starts in half the time without it.
        from skyworthy.suites.account import account

        return self._opened.enter_context(account(self.settings, self.environment, self.options))

    @cached_property
    def observation(self) -> "Observation":
        """What the account holds of the stack.

        Raises:
            BadInput: nothing could be seen.
        """
        from skyworthy.observed import observe

        looked_at = self.account
        self.options.progress("observing the account")
        return observe(
            looked_at.session,
            self.declared,
            with_secrets=True,
            thorough=self.settings.live.thorough,
            idle=looked_at.idle,
        )

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
