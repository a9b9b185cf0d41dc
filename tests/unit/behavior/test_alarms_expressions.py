"""Metric math, https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html."""

import pytest

from skyworthy.behavior.alarms import evaluate_expression
from skyworthy.behavior.alarms.expressions import Vector
from skyworthy.estate import Undecidable

SERIES: dict[str, Vector] = {
    "errors": (1.0, None, 3.0, 4.0),
    "requests": (10.0, 10.0, 0.0, 8.0),
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("errors", (1, None, 3, 4)),
        ("100 * errors / requests", (10, None, None, 50)),
        ("100*(errors/requests)", (10, None, None, 50)),
        ("-errors + 2 ^ 3", (7, None, 5, 4)),
        ("2 - 1 - 1", (0, 0, 0, 0)),
        ("FILL(errors, 0)", (1, 0, 3, 4)),
        ("FILL(errors, REPEAT)", (1, 1, 3, 4)),
        ("FILL(errors, LINEAR)", (1, 2, 3, 4)),
        ("FILL(errors, requests)", (1, 10, 3, 4)),
        ("IF(requests > 5, errors, 0)", (1, None, 0, 4)),
        ("IF(errors > 3 AND requests < 9, 1, 0)", (0, None, 0, 1)),
        ("IF(errors == 1 || errors == 3, 1, 0)", (1, None, 1, 0)),
        ("SUM([errors, requests])", (11, 10, 3, 12)),
        ("SUM(METRICS())", (11, 10, 3, 12)),
        ('SUM(METRICS("err"))', (1, None, 3, 4)),
        ("AVG([errors, requests])", (5.5, 10, 1.5, 6)),
        ("MIN([errors, requests])", (1, 10, 0, 4)),
        ("MAX(errors)", (4, 4, 4, 4)),
        ("STDDEV([errors, requests])", (4.5, 0, 1.5, 2)),
        ("SUM([errors, requests, 1])", (12, 11, 4, 13)),
        ("FLOOR(errors / 2)", (0, None, 1, 2)),
        ("DIFF(errors)", (None, None, None, 1)),
        ("RATE(FILL(errors, 0)) * PERIOD(errors)", (None, -1, 3, 1)),
        ("FILL(errors / requests, 0)", (0.1, 0, 0, 0.5)),
        ("IF(errors, 1)", (1, None, 1, 1)),
        ("IF(requests, errors / requests, 0)", (0.1, None, 0, 0.5)),
        ("IF(FILL(errors, 0) == 0, 100, 1)", (1, 100, 1, 1)),
        ("TIME_SERIES(7)", (7, 7, 7, 7)),
        ("DATAPOINT_COUNT(errors)", (3, 3, 3, 3)),
        ("SUM(errors) / SUM(requests)", (8 / 28,) * 4),
        ("2 * 3 + 4 ^ 2 / 8", (8, 8, 8, 8)),
        ("-2 ^ 2", (-4, -4, -4, -4)),
        ("(1 + 2) * 3", (9, 9, 9, 9)),
        ("1e3 / 10", (100, 100, 100, 100)),
        ("MAX([errors, requests])", (10, 10, 3, 8)),
        ("AVG(requests)", (7, 7, 7, 7)),
        ("MIN(errors)", (1, 1, 1, 1)),
        ("ABS(errors - requests)", (9, None, 3, 4)),
        ("CEIL(errors / 2)", (1, None, 2, 2)),
        ("DIFF(requests)", (None, 0, -10, 8)),
        ("RATE(requests)", (None, 0, -10 / 60, 8 / 60)),
        ("RUNNING_SUM(errors)", (1, None, 4, 8)),
        ("requests / PERIOD(requests)", (10 / 60, 10 / 60, 0, 8 / 60)),
        ("1 / 0", (None, None, None, None)),
    ],
)
def test_values(expression: str, expected: Vector) -> None:
    assert evaluate_expression(expression, SERIES, period=60) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("SEARCH('{AWS/RDS}', 'Sum', 60)", "SEARCH is not evaluated"),
        ("ANOMALY_DETECTION_BAND(errors, 2)", "ANOMALY_DETECTION_BAND is not evaluated"),
        ("errors +", "more expected at 'the end'"),
        ("errors requests", "unexpected 'requests'"),
        ("unheard", "there is no 'unheard'"),
        ("errors ; 1", "unexpected ' '"),
        ("[errors, requests]", "gives several series"),
    ],
)
def test_what_cannot_be_evaluated_is_undecidable(expression: str, why: str) -> None:
    with pytest.raises(Undecidable, match=why.replace("'", ".")):
        evaluate_expression(expression, SERIES, period=60)


def test_metrics_leaves_out_expressions() -> None:
    series: dict[str, Vector] = {**SERIES, "ratio": (0.1, None, None, 0.5)}
    assert evaluate_expression("SUM(METRICS())", series, period=60, metrics=SERIES) == (11, 10, 3, 12)
