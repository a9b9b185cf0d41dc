"""CloudWatch metrics: which exist, in which form they are published, and by which resource of an estate."""

from skyworthy.behavior.metrics.resolve import (
    LOG_METRIC_FILTER,
    Metric,
    NotPublished,
    Publisher,
    container_insights,
    member_ids,
    publishers,
    resolve,
    resolve_all,
    transformations,
    unpublished,
)
from skyworthy.behavior.metrics.table import Namespace, namespaces

__all__ = [
    "LOG_METRIC_FILTER",
    "Metric",
    "Namespace",
    "NotPublished",
    "Publisher",
    "container_insights",
    "member_ids",
    "namespaces",
    "publishers",
    "resolve",
    "resolve_all",
    "transformations",
    "unpublished",
]
