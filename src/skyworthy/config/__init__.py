"""Settings: skyworthy.toml and waivers.toml, read into typed values, validated on load."""

from skyworthy.config.policy import BUILT_IN_POLICIES, Policy, policy_for
from skyworthy.config.settings import (
    SETTINGS_FILE,
    Environment,
    LaunchSettings,
    Settings,
    SmokeService,
    SmokeSettings,
    StandIn,
    load_settings,
)
from skyworthy.config.waivers import WAIVERS_FILE, Waiver, load_waivers
from skyworthy.errors import BadInput

__all__ = [
    "BUILT_IN_POLICIES",
    "SETTINGS_FILE",
    "WAIVERS_FILE",
    "BadInput",
    "Environment",
    "LaunchSettings",
    "Policy",
    "Settings",
    "SmokeService",
    "SmokeSettings",
    "StandIn",
    "Waiver",
    "load_settings",
    "load_waivers",
    "policy_for",
]
