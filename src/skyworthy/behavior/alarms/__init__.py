"""CloudWatch alarms: given this series of data points, when does it fire, and whom does it tell."""

from skyworthy.behavior.alarms.alarm import METRIC_ALARM, Alarm, Query, alarm_of, metrics_of
from skyworthy.behavior.alarms.evaluation import State, Treatment, evaluate_points
from skyworthy.behavior.alarms.expressions import evaluate_expression
from skyworthy.behavior.alarms.notification import Actions, actions_of, composites_of, subscriptions_of
from skyworthy.behavior.alarms.scenarios import Reaction, Scenario, reacts, scenarios
from skyworthy.behavior.alarms.series import Minutes, Segment, cycle, then
from skyworthy.behavior.alarms.watchers import Watcher, Watchers, watchers_of

__all__ = [
    "METRIC_ALARM",
    "Actions",
    "Alarm",
    "Minutes",
    "Query",
    "Reaction",
    "Scenario",
    "Segment",
    "State",
    "Treatment",
    "Watcher",
    "Watchers",
    "actions_of",
    "alarm_of",
    "composites_of",
    "cycle",
    "evaluate_expression",
    "evaluate_points",
    "metrics_of",
    "reacts",
    "scenarios",
    "subscriptions_of",
    "then",
    "watchers_of",
]
