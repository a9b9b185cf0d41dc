"""skyworthy.toml: environments, their policies, how to launch and what to probe."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyworthy.config.deploy import DeploySettings
from skyworthy.config.env_template import EnvTemplate, load_env_template
from skyworthy.config.gates import BUILT_IN_GATES, GateSettings, gates_of
from skyworthy.config.policy import BUILT_IN_POLICIES, Policy, policy_for
from skyworthy.config.regions import demand_regions
from skyworthy.config.smoke import SmokeSettings, demand_sense
from skyworthy.config.tables import Toml
from skyworthy.errors import BadInput

SETTINGS_FILE = "skyworthy.toml"
_ACCOUNT = re.compile(r"\d{12}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):role/[\w+=,.@/-]+")


@dataclass(frozen=True)
class StandIn:
    """What runs in the place of an image that this machine cannot run.

    Args:
        command: program and arguments; ``{python}`` is this interpreter.
        directory: working directory, relative to the file.
        environment: variables that it needs here, over the declared ones, such as TLS switched off.
        port_variable: the variable in which it is told the port to listen on.
    """

    command: tuple[str, ...]
    directory: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)
    port_variable: str = "PORT"


@dataclass(frozen=True)
class LaunchSettings:
    """``[launch]``: how declared services run on this machine.

    Args:
        stand_ins: container name -> stand-in.
    """

    stand_ins: Mapping[str, StandIn] = field(default_factory=dict)


@dataclass(frozen=True)
class Environment:
    """One environment: a root module and what is demanded of it.

    Args:
        name: ``staging``; the directory's name where there is no skyworthy.toml.
        root: the root module.
        policy: what is demanded of it.
        policy_name: the built-in policy that it starts from.
        region: where what has no provider alias is; empty: as the provider block says.
        regions: all in which it is looked for; empty: in that one, and where the code's provider aliases are.
        account: the only account in which it may be looked for, twelve digits; empty: any.
        profile: of the AWS configuration; empty: as the machine's environment says.
        role_arn: a role that is assumed to look; empty: none.
        external_id: what the role's trust policy asks for; empty: nothing.
        url: where its API answers, for people.
        var_files: tfvars files beside those that Terraform loads by itself, relative to the root.
        variables: values of variables as Terraform's `-var` takes them; they win over files.
        workspace: the workspace it is applied in; empty: the one that is selected.
        inventory: Terraform type -> how many of it there are at least.
        usage: what is assumed of its use in a month, where that differs from the price table's assumptions.
        env_template: the variables that the application reads, None where skyworthy.toml does not say.
        beside: the other root modules that skyworthy.toml or the tree it was found in holds.
    """

    name: str
    root: Path
    policy: Policy = BUILT_IN_POLICIES["baseline"]
    policy_name: str = "baseline"
    region: str = ""
    regions: tuple[str, ...] = ()
    account: str = ""
    profile: str = ""
    role_arn: str = ""
    external_id: str = ""
    url: str = ""
    var_files: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    workspace: str = ""
    inventory: Mapping[str, int] = field(default_factory=dict)
    usage: Mapping[str, float] = field(default_factory=dict)
    env_template: EnvTemplate | None = None
    beside: tuple[Path, ...] = ()


def beside_each_other(environments: Iterable[Environment]) -> Iterator[Environment]:
    """Environments of which each knows the roots of the others; one root under several names is no other one."""
    found = tuple(environments)
    roots = {item.root.resolve(): item.root for item in found}
    for item in found:
        others = tuple(root for path, root in roots.items() if path != item.root.resolve())
        yield dataclasses.replace(item, beside=others)


@dataclass(frozen=True)
class LiveSettings:
    """``[live]``: what the live suite reads.

    Args:
        thorough: also what takes more calls than an ordinary run may make: rotation of keys, policies of secrets, a
            VPC's DNS, the list of backups, pending maintenance, ownership of buckets, tasks, service quotas, the
            state's bucket and lock table.
    """

    thorough: bool = False


@dataclass(frozen=True)
class Settings:
    """Everything that skyworthy.toml says, or its defaults.

    Args:
        directory: where the file stands or would stand; caches and reports lie below it.
        project: name for titles.
        environments: by name, in the file's order.
        launch: see LaunchSettings.
        smoke: see SmokeSettings.
        deploy: see DeploySettings.
        live: see LiveSettings.
        reports: where results go.
        gates: pr, nightly and signoff.
        cache_directory: of caches and state files; by default below the directory.
        env_template: the variables that the application reads, None where the file does not say.
    """

    directory: Path
    project: str = ""
    environments: Mapping[str, Environment] = field(default_factory=dict)
    launch: LaunchSettings = LaunchSettings()
    smoke: SmokeSettings = field(default_factory=SmokeSettings)
    deploy: DeploySettings = field(default_factory=DeploySettings)
    live: LiveSettings = LiveSettings()
    reports: Path = Path("reports")
    env_template: EnvTemplate | None = None
    gates: Mapping[str, GateSettings] = field(default_factory=lambda: BUILT_IN_GATES)
    cache_directory: Path | None = None

    @property
    def cache(self) -> Path:
        """The folder of caches and state files."""
        return self.cache_directory or self.directory / ".skyworthy"

    def environment(self, name: str) -> Environment:
        """The environment of a name.

        Raises:
            BadInput: where there is none, with the names there are.
        """
        if name not in self.environments:
            names = ", ".join(self.environments) or "none is configured; give --terraform DIR instead"
            raise BadInput(f"unknown environment {name!r}; there are: {names}")
        return self.environments[name]


@dataclass(frozen=True)
class _Project:
    """``[project]``.

    Args:
        name: for titles; by default the directory's.
        reports: where results go, relative to the file.
    """

    name: str = ""
    reports: str = "reports"


@dataclass(frozen=True)
class _Application:
    """``[application]``.

    Args:
        env_template: file that names every variable that the application reads, and which container needs it.
    """

    env_template: str = ""


@dataclass(frozen=True)
class _EnvironmentTable:
    """``[environments.NAME]``.

    Args:
        terraform: the root module, relative to the file.
        policy: what is demanded of it; ``base`` names the built-in policy that the others differ from, by default the
            one that the environment's name calls for.
        region: where what has no provider alias is; by default as the provider block says.
        regions: in the place of `region`: all regions in which it is looked for, the one of what has no provider alias
            first; by default that one and those of the code's provider aliases.
        account: the account that is meant; another one is refused before anything is read.
        profile: of the AWS configuration.
        role_arn: role to assume for looking.
        external_id: of that role.
        url: where its API answers, for people.
        var_files: tfvars files beside those that Terraform loads by itself, relative to the root module.
        variables: values of variables as Terraform's `-var` takes them; they win over files.
        workspace: the workspace it is applied in; by default the one that is selected in the directory.
        inventory: Terraform type -> how many of it there are at least.
        usage: what is used in a month, for the cost estimate, where that differs from the price table's assumptions.
    """

    terraform: str
    policy: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    regions: tuple[str, ...] | None = None
    account: str = ""
    profile: str = ""
    role_arn: str = ""
    external_id: str = ""
    url: str = ""
    var_files: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    workspace: str = ""
    inventory: Mapping[str, int] = field(default_factory=dict)
    usage: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _File:
    project: _Project = _Project()
    application: _Application = _Application()
    environments: Mapping[str, _EnvironmentTable] = field(default_factory=dict)
    launch: LaunchSettings = LaunchSettings()
    smoke: SmokeSettings = field(default_factory=SmokeSettings)
    deploy: DeploySettings = field(default_factory=DeploySettings)
    live: LiveSettings = LiveSettings()
    gates: Mapping[str, Any] = field(default_factory=dict)


def load_settings(directory: Path) -> Settings:
    """The settings of a directory: its skyworthy.toml, or defaults without environments.

    Raises:
        BadInput: a malformed file, with file and line.
    """
    path = directory / SETTINGS_FILE
    if not path.exists():
        return Settings(directory, project=directory.resolve().name, reports=directory / "reports")
    toml = Toml(path)
    file = toml.build(_File, toml.data)
    template = load_env_template(directory / file.application.env_template) if file.application.env_template else None
    tables = (_environment(toml, name, table, template) for name, table in file.environments.items())
    environments = {item.name: item for item in beside_each_other(tables)}
    demand_sense(toml, file.smoke)
    if not environments:
        toml.refuse("no [environments.NAME] table: nothing to certify")
    if "repository" in environments:
        toml.refuse("results of the repository itself have that name; call it otherwise", "environments", "repository")
    return Settings(
        directory=directory,
        project=file.project.name or directory.resolve().name,
        environments=environments,
        launch=file.launch,
        smoke=file.smoke,
        deploy=file.deploy,
        live=file.live,
        reports=directory / file.project.reports,
        env_template=template,
        gates=gates_of(toml, file.gates),
    )


def _environment(toml: Toml, name: str, table: _EnvironmentTable, template: EnvTemplate | None) -> Environment:
    where = ("environments", name)
    root = toml.path.parent / table.terraform
    if not root.is_dir():
        toml.refuse(f"the root module {table.terraform!r} is not a directory", *where, "terraform")
    _check_place(toml, table, where)
    overrides = dict(table.policy)
    base = overrides.pop("base", policy_for(name))
    if base not in BUILT_IN_POLICIES:
        toml.refuse(f"unknown policy {base!r}; there are: {', '.join(BUILT_IN_POLICIES)}", *where, "policy", "base")
    checked = toml.build(Policy, overrides, *where, "policy")
    policy = dataclasses.replace(BUILT_IN_POLICIES[base], **{key: getattr(checked, key) for key in overrides})
    return Environment(
        name=name,
        root=root,
        policy=policy,
        policy_name=base,
        region=table.regions[0] if table.regions else table.region,
        regions=table.regions or (),
        account=table.account,
        profile=table.profile,
        role_arn=table.role_arn,
        external_id=table.external_id,
        url=table.url,
        var_files=table.var_files,
        variables=table.variables,
        workspace=table.workspace,
        inventory=table.inventory,
        usage=table.usage,
        env_template=template,
    )


def _check_place(toml: Toml, table: _EnvironmentTable, where: tuple[str, ...]) -> None:
    """Refuse what cannot be an account, a role or a plain URL, and a role of another account than the one named."""
    demand_regions(toml, table.region, table.regions, where)
    if table.account and not _ACCOUNT.fullmatch(table.account):
        toml.refuse(f"account must be twelve digits in quotes, not {table.account!r}", *where, "account")
    role = _ROLE.fullmatch(table.role_arn)
    if table.role_arn and not role:
        toml.refuse(f"role_arn must be the ARN of an IAM role, not {table.role_arn!r}", *where, "role_arn")
    if role and table.account and role["account"] != table.account:
        toml.refuse(f"the role is of account {role['account']}, but account is {table.account}", *where, "role_arn")
    if "@" in table.url:
        toml.refuse("a url with a name or password in it would be shown in reports: leave them out", *where, "url")
    if table.external_id and not table.role_arn:
        toml.refuse("external_id belongs to a role: set role_arn too", *where, "external_id")
