"""Where live and smoke look: an AWS account, a running sandbox, or one replayed for this run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from skyworthy.config import Environment, Settings
from skyworthy.declared import configuration, inputs_of
from skyworthy.errors import BadInput
from skyworthy.observed import Role, Session
from skyworthy.sandbox import cassette, server
from skyworthy.sandbox.cassette import Cassette
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.terraform.seeds.state import keep_state
from skyworthy.suites.options import Options

CASSETTES = "cassettes"


@dataclass(frozen=True)
class Account:
    """What is looked at.

    Args:
        session: reads it, in the region of what has no provider alias.
        sandbox: where it is one on this machine.
        description: for people: which, and how it came to be.
        opened: gives a session of another region.
    """

    session: Session
    sandbox: Sandbox | None
    description: str
    opened: Callable[[str], Session]

    def session_in(self, region: str) -> Session:
        """The session of a region; of the home where it is empty."""
        return self.session if region in ("", self.session.region) else self.opened(region)

    @property
    def idle(self) -> str:
        """Why nothing that is measured or logs runs there; empty where it does."""
        if self.sandbox is None or self.sandbox.control("GET", "launches"):
            return ""
        return "nothing is launched in this sandbox, so nothing is measured and logged: `skyworthy sandbox launch`"


def cassette_of(settings: Settings, environment: Environment) -> Path:
    """Where the recording of an environment stands."""
    return settings.directory / CASSETTES / f"{environment.name}.jsonl"


@contextmanager
def account(settings: Settings, environment: Environment, options: Options, home: str = "") -> Iterator[Account]:
    """The account that an environment is looked for in, for the duration of the block.

    Args:
        settings: of the directory that the command was started in.
        environment: which.
        options: what the front-end asks for.
        home: the region of what has no provider alias; by default the environment's, else as the profile says.

    Raises:
        BadInput: no credentials, no sandbox and no cassette to make one from, or a stale cassette.
    """
    if options.target == "aws":
        role = Role(environment.role_arn, environment.external_id) if environment.role_arn else None
        opened = cache(partial(_of_aws, environment, role))
        session = opened(home or environment.region)
        _demand_account(session, environment)
        with _announced(environment, options, Account(session, None, f"AWS, by {_means(environment)}", opened)) as made:
            yield made
        return
    with _sandbox(settings, environment, options) as (sandbox, origin):
        opened = cache(partial(_of_sandbox, sandbox))
        with _announced(
            environment, options, Account(opened(home or environment.region), sandbox, origin, opened)
        ) as made:
            yield made


def _of_aws(environment: Environment, role: Role | None, region: str) -> Session:
    return Session(profile=environment.profile or None, region=region or None, target="aws", role=role)


def _of_sandbox(sandbox: Sandbox, region: str) -> Session:
    return Session(region=region or None, endpoint_url=sandbox.url, target="sandbox")


def _demand_account(session: Session, environment: Environment) -> None:
    """Refuse another account than the one that skyworthy.toml names, before anything of it is read.

    Raises:
        BadInput: it is another, with who the credentials are.
    """
    identity = session.identity()
    if environment.account and identity.account != environment.account:
        raise BadInput(
            f"{environment.name} is to be in account {environment.account}, but the credentials are of account "
            f"{identity.account} ({identity.arn}): nothing was read; set AWS_PROFILE, or `profile` or `role_arn` in "
            f"[environments.{environment.name}]"
        )


def _means(environment: Environment) -> str:
    """How the credentials are had, for people."""
    if environment.role_arn:
        return environment.role_arn
    return f"profile {environment.profile}" if environment.profile else "your credentials"


@contextmanager
def _announced(environment: Environment, options: Options, made: Account) -> Iterator[Account]:
    identity = made.session.identity()
    place = options.region or ", ".join(environment.regions) or identity.region
    options.announce(f"account {identity.account}, region {place}: {made.description}")
    yield made


def fill(environment: Environment, tape: Cassette, sandbox: Sandbox) -> int:
    """Fill a sandbox from a recording, and with what keeps the state, which no apply makes; gives the calls replayed.

    Raises:
        BadInput: a call of the recording fails.
    """
    calls = cassette.replay(tape, sandbox)
    keep_state(configuration(environment.root).backend, sandbox)
    return calls


@contextmanager
def _sandbox(settings: Settings, environment: Environment, options: Options) -> Iterator[tuple[Sandbox, str]]:
    found = server.find_running(settings.directory, environment.name)
    if found is not None:
        yield found, f"the sandbox running at {found.url}"
        return
    path = cassette_of(settings, environment)
    if not path.exists():
        raise BadInput(
            f"no sandbox of {environment.name} is running and there is no recording of one at {path}: "
            f"apply its Terraform with `skyworthy sandbox apply {environment.root}`, or look at AWS with --target aws"
        )
    tape = cassette.load(path)
    cassette.check(tape, environment.root, inputs_of(environment))
    options.progress("starting a sandbox")
    with server.running(environment.name) as sandbox:
        options.progress(f"replaying {path.name}")
        fill(environment, tape, sandbox)
        yield sandbox, f"a sandbox replayed from {path.name} for this run"
