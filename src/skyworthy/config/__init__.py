"""Settings: skyworthy.toml and waivers.toml, read into typed values, validated on load."""

from skyworthy.config.env_template import EnvTemplate, Variable, load_env_template
from skyworthy.config.gates import BUILT_IN_GATES, GateSettings
from skyworthy.config.policy import BUILT_IN_POLICIES, Policy, policy_for
from skyworthy.config.settings import (
    SETTINGS_FILE,
    Environment,
    LaunchSettings,
    Settings,
    StandIn,
    beside_each_other,
    load_settings,
)
from skyworthy.config.smoke import SmokeCheck, SmokeService, SmokeSettings
from skyworthy.config.waivers import WAIVERS_FILE, Waiver, load_waivers
from skyworthy.errors import BadInput

__all__ = [
    "BUILT_IN_GATES",
    "BUILT_IN_POLICIES",
    "SETTINGS_FILE",
    "WAIVERS_FILE",
    "BadInput",
    "EnvTemplate",
    "Environment",
    "GateSettings",
    "LaunchSettings",
    "Policy",
    "Settings",
    "SmokeCheck",
    "SmokeService",
    "SmokeSettings",
    "StandIn",
    "Variable",
    "Waiver",
    "beside_each_other",
    "load_env_template",
    "load_settings",
    "load_waivers",
    "policy_for",
]
