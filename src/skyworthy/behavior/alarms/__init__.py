"""CloudWatch alarms: given this series of data points, when does it fire, and whom does it tell."""

from skyworthy.behavior.alarms.alarm import METRIC_ALARM, SHORT_PERIODS, Alarm, Query, alarm_of, metrics_of
from skyworthy.behavior.alarms.evaluation import COMPARISONS, TREATMENTS, State, Treatment, evaluate_points
from skyworthy.behavior.alarms.expressions import evaluate_expression
from skyworthy.behavior.alarms.instant import Evaluation, Observation, evaluate_alarm, samples_of_set
from skyworthy.behavior.alarms.notification import (
    COMPOSITE_ALARM,
    Actions,
    actions_of,
    children_of,
    composites_of,
    listeners_of,
    speakers_of,
    subscriptions_of,
)
from skyworthy.behavior.alarms.rules import MalformedRule, Rule, parse_rule
from skyworthy.behavior.alarms.scenarios import Reaction, Scenario, Timeline, calm_of, reacts, scenarios, timeline
from skyworthy.behavior.alarms.series import Minutes, Segment, cycle, then
from skyworthy.behavior.alarms.summaries import Incident, Line, line_of, reactions_of
from skyworthy.behavior.alarms.watchers import Watcher, Watchers, watchers_of

__all__ = [
    "COMPARISONS",
    "COMPOSITE_ALARM",
    "METRIC_ALARM",
    "SHORT_PERIODS",
    "TREATMENTS",
    "Actions",
    "Alarm",
    "Evaluation",
    "Incident",
    "Line",
    "MalformedRule",
    "Minutes",
    "Observation",
    "Query",
    "Reaction",
    "Rule",
    "Scenario",
    "Segment",
    "State",
    "Timeline",
    "Treatment",
    "Watcher",
    "Watchers",
    "actions_of",
    "alarm_of",
    "calm_of",
    "children_of",
    "composites_of",
    "cycle",
    "evaluate_alarm",
    "evaluate_expression",
    "evaluate_points",
    "line_of",
    "listeners_of",
    "metrics_of",
    "parse_rule",
    "reactions_of",
    "reacts",
    "samples_of_set",
    "scenarios",
    "speakers_of",
    "subscriptions_of",
    "then",
    "timeline",
    "watchers_of",
]
