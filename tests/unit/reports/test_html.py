"""report.html: what each part says, what is escaped, how large it may get, and that like input gives a like page."""

import base64
import datetime
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.config import Settings, Waiver
from skyworthy.controls import find_control
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Location
from skyworthy.reports.history import Run
from skyworthy.reports.html import Report, html_report, write_html
from skyworthy.reports.html.data import area_of
from skyworthy.reports.html.elements import tag
from skyworthy.reports.html.picture import Picture, components_of
from skyworthy.reports.store import save
from skyworthy.reports.topology import Chart
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

NOW = datetime.datetime(2026, 3, 4, 11, 0, tzinfo=datetime.UTC)
HOSTILE = '<img src=x onerror="alert(1)">\'"</script><script>alert(2)</script>\x00\ud800'
STACK = """
resource "aws_lb" "main" {
  name     = "shop-front"
  internal = false
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_lb_target_group" "web" {
  name = "shop-web"
  port = 80
}

resource "aws_db_instance" "main" {
  identifier     = "shop-data"
  engine         = "postgres"
  instance_class = "db.t3.micro"

  parameter_group_name = aws_db_parameter_group.main.name
}

resource "aws_db_parameter_group" "main" {
  name   = "tls"
  family = "postgres17"
}

resource "aws_sns_topic" "alarms" {
  name = "alarms"
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = "oncall@example.com"
}

resource "aws_cloudwatch_metric_alarm" "cpu" {
  alarm_name          = "data-cpu"
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 5
  threshold           = 80
  comparison_operator = "GreaterThanThreshold"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_budgets_budget" "month" {
  budget_type  = "COST"
  limit_amount = "10"
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
}
"""
Results = Callable[..., SuiteResult]
Verdicts = Callable[..., Verdict]


class Element:
    def __init__(self, name: str, attributes: dict[str, str | None]) -> None:
        self.name = name
        self.attributes = attributes
        self.text = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name) or ""


class Page(HTMLParser):
    """The elements of a page, each with the text inside it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in ("meta", "input"):
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag, f"{tag} closes another element"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def of(self, class_: str) -> Iterator[Element]:
        return (element for element in self.elements if class_ in element["class"].split())

    def part(self, id: str) -> str:
        return next(" ".join(element.text.split()) for element in self.elements if element["id"] == id)


def report(settings: Settings, *results: SuiteResult, **other: object) -> Report:
    made: dict[str, dict[str, SuiteResult]] = {name: {} for name in settings.environments}
    for item in results:
        made.setdefault(item.environment, {})[item.suite] = item
    return replace(Report(settings, made, NOW), **other)  # type: ignore[arg-type]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / "main.tf").write_text(STACK, "utf-8")
    return declared.read(folder)


@pytest.fixture
def mixed(result: Results, verdict: Verdicts) -> SuiteResult:
    return result(
        verdict(),
        verdict(Outcome.FAIL, "storage is not encrypted", address="aws_db_instance.main"),
        verdict(Outcome.UNKNOWN, "no value", control="alb.zones", address="stack", location=None, severity="low"),
        verdict(Outcome.WAIVED, "later", control="ecs.x", severity="medium"),
        verdict(Outcome.NOT_APPLICABLE, "", control="ecs.y", severity="medium"),
    )


def test_a_finding_says_where_why_and_how_to_fix_it(settings: Settings, result: Results, verdict: Verdicts) -> None:
    control = find_control("rds.auto-minor-upgrade")
    assert control
    judged = result(verdict(), verdict(Outcome.FAIL, "it is off", control=control.id, title=control.title))
    page = Page(html_report(report(settings, judged)))
    first = next(page.of("control"))
    for words in (control.title, control.id, control.why, control.fix.replace("`", ""), "it is off", "REQ DAT-1"):
        assert words in first.text
    row = next(page.of("row"))
    assert row["data-verdict"] == "fail"
    assert json.loads(row["data-in"]) == [["staging", "static"]]
    place = next(page.of("place"))
    assert place["href"] == "../terraform/modules/rds/main.tf#L12"


def test_a_finding_says_its_region(settings: Settings, result: Results, verdict: Verdicts) -> None:
    page = Page(html_report(report(settings, result(verdict(Outcome.FAIL, "it is off", region="eu-west-1")))))
    assert "module.rds.aws_db_instance.main (eu-west-1)" in next(page.of("row")).text


def test_passed_verdicts_are_counted_and_the_others_are_rows(settings: Settings, mixed: SuiteResult) -> None:
    page = Page(html_report(report(settings, mixed)))
    assert [row["data-verdict"] for row in page.of("row")] == ["fail", "unknown", "waived"]
    counted = {item["data-text"].split()[0]: json.loads(item["data-counts"]) for item in page.of("control")}
    assert counted == {
        "rds.storage-encrypted": [["staging", "static", "pass", 1]],
        "alb.zones": [],
        "ecs.x": [],
        "ecs.y": [["staging", "static", "not_applicable", 1]],
    }


def test_what_two_suites_say_alike_is_one_row(settings: Settings, mixed: SuiteResult) -> None:
    live = replace(mixed, suite="live", target="sandbox")
    page = Page(html_report(report(settings, mixed, live)))
    row = next(page.of("row"))
    assert json.loads(row["data-in"]) == [["staging", "live"], ["staging", "static"]]
    assert len(list(page.of("row"))) == 3


def test_every_environment_has_a_card_with_its_state_and_reasons(settings: Settings, mixed: SuiteResult) -> None:
    page = Page(html_report(report(settings, mixed)))
    staging, production = (" ".join(card.text.split()) for card in page.of("card"))
    assert staging.startswith("staging✕not readystatic: 1 failed✕1 failed?1 unknown~1 waived✓1 passed·1 not applicable")
    assert "staticcode2026-03-01 10:30 UTC (3 days old), 1.2 s, commit 0123456789ab" in staging
    assert "livenot run" in staging
    assert production.startswith("production?not verifiedno suite was run")
    assert "0 of 2 environments ready" in page.part("main")


def test_the_repository_is_shown_beside_the_environments(
    settings: Settings, result: Results, verdict: Verdicts
) -> None:
    own = result(
        verdict(control="repo.x", root="repository"), suite="repository", environment="repository", target="code"
    )
    page = Page(html_report(report(settings, own)))
    last = [" ".join(card.text.split()) for card in page.of("card")][-1]
    assert last.startswith("repository✓in order✓1 passed")
    assert "live" not in last


def test_nothing_judged_is_not_told_as_a_pass(settings: Settings) -> None:
    page = Page(html_report(report(settings)))
    assert "Nothing was judged yet, and that is not a pass" in page.part("findings")
    assert "static was not run" in page.part("unknown")


def test_what_is_not_known_is_listed(settings: Settings, mixed: SuiteResult) -> None:
    told = Page(
        html_report(
            report(
                settings, replace(mixed, notes=("one module is not local",)), estates={"production": "main.tf:1: no"}
            )
        )
    ).part("unknown")
    for words in (
        "staging static: 1 could not be decided",
        "staging static: one module is not local",
        "staging static: the result is 3 days old",
        "staging live was not run",
        "production what is declared could not be read: main.tf:1: no",
    ):
        assert words in told


def test_the_particulars_of_a_note_are_folded(settings: Settings, mixed: SuiteResult) -> None:
    page = html_report(report(settings, replace(mixed, notes=("2 findings are left out\nA <1>\nB",))))
    assert "<summary>static: 2 findings are left out</summary>" in page
    assert '<ul class="particulars"><li>A &lt;1&gt;</li><li>B</li></ul>' in page


def test_hostile_values_stay_text_everywhere(settings: Settings, result: Results, verdict: Verdicts) -> None:
    hostile = result(
        verdict(
            Outcome.FAIL,
            HOSTILE,
            control=HOSTILE,
            title=HOSTILE,
            address=HOSTILE,
            refs=(HOSTILE,),
            location=Location(f"javascript:{HOSTILE}", 1),
        ),
        notes=(HOSTILE,),
        facts={"url": "javascript:alert(3)", "cluster": HOSTILE},
        commit=HOSTILE,
        account=HOSTILE,
    )
    waiver = Waiver(HOSTILE, HOSTILE, HOSTILE, HOSTILE, NOW.date())
    run = Run(NOW, HOSTILE, "staging", HOSTILE, {"fail": 1})
    text = html_report(report(settings, hostile, waivers=(waiver,), runs=[run, run], estates={"production": HOSTILE}))
    text.encode("utf-8")
    page = Page(text)
    assert [element for element in page.elements if element.name == "img"] == []
    assert sum(element.name == "script" for element in page.elements) == 1
    assert not [name for element in page.elements for name in element.attributes if name.startswith("on")]
    assert not [element["href"] for element in page.elements if element["href"].startswith("javascript")]
    assert "\x00" not in text
    assert any("onerror" in element.text for element in page.of("address"))


def test_hostile_names_in_the_picture_stay_text(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    folder.mkdir()
    source = STACK.replace('"shop-front"', '"<script>alert(1)</script>"').replace('"data-cpu"', '"</svg><b onclick=1>"')
    (folder / "main.tf").write_text(source, "utf-8")
    page = Page(html_report(report(settings, estates={"staging": declared.read(folder)})))
    assert sum(element.name == "script" for element in page.elements) == 1
    assert not [name for element in page.elements for name in element.attributes if name == "onclick"]


def test_the_page_may_load_nothing_and_runs_only_its_own_script(settings: Settings, mixed: SuiteResult) -> None:
    text = html_report(report(settings, mixed))
    page = Page(text)
    policy = next(item["content"] for item in page.elements if item["http-equiv"] == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    for name in ("style", "script"):
        inside = re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
        assert inside
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    for element in page.elements:
        assert not element["src"]
        assert "style" not in element.attributes
        assert element.name not in ("link", "iframe", "object", "img")
    assert "url(" not in text
    assert "@import" not in text


def test_the_same_input_gives_the_same_page(settings: Settings, mixed: SuiteResult, estate: Estate) -> None:
    again = report(settings, replace(mixed), estates={"staging": estate})
    assert html_report(report(settings, mixed, estates={"staging": estate})) == html_report(again)


def test_every_id_is_there_once_and_every_link_inside_leads_somewhere(
    settings: Settings, mixed: SuiteResult, estate: Estate
) -> None:
    page = Page(html_report(report(settings, mixed, estates={"staging": estate, "production": estate})))
    ids = [element["id"] for element in page.elements if element["id"]]
    assert len(ids) == len(set(ids))
    assert {element["href"] for element in page.elements if element["href"].startswith("#")} <= {f"#{id}" for id in ids}


def test_the_picture_shows_the_worst_verdict_of_a_component_and_its_parts(
    settings: Settings, estate: Estate, result: Results, verdict: Verdicts
) -> None:
    judged = result(
        verdict(address="aws_db_instance.main"),
        verdict(Outcome.FAIL, "no TLS", address="aws_db_parameter_group.main"),
        verdict(address="aws_lb_listener.https"),
    )
    made = report(settings, judged, estates={"staging": estate})
    components = components_of(Chart(estate))
    assert components["aws_db_parameter_group.main"] == components["aws_db_instance.main"] == "aws_db_instance_main"
    assert components["aws_lb_listener.https"] == "aws_lb_main"
    assert "aws_sns_topic.alarms" not in components
    page = Page(html_report(made))
    nodes = {node["data-component"]: node for node in page.of("node")}
    assert "v-fail" in nodes["aws_db_instance_main"]["class"]
    assert nodes["aws_db_instance_main"].text.startswith("RDS shop-data: 1 failed, 1 passed (aws_db_instance.main)")
    assert "v-pass" in nodes["aws_lb_main"]["class"]
    assert nodes["aws_lb_target_group_web"].text.startswith("target group shop-web: nothing judged")
    row = next(page.of("row"))
    assert row["data-component"] == "aws_db_instance_main"


def test_the_picture_leads_from_left_to_right_or_from_the_top(estate: Estate) -> None:
    chart = Chart(estate)
    for upright, axis in ((False, "x"), (True, "y")):
        drawing = Page(Picture(chart, "staging", (), components_of(chart), upright=upright).draw())
        places = []
        for number, element in enumerate(drawing.elements):
            if element.name == "a":
                rectangle = next(item for item in drawing.elements[number:] if item.name == "rect")
                places.append((element["data-component"], float(rectangle[axis])))
        by = dict(places)
        assert by["aws_lb_main"] < by["aws_lb_target_group_web"] < by["aws_db_instance_main"]


def test_a_stack_without_anything_to_draw_says_so(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "main.tf").write_text('resource "aws_sns_topic" "a" {}\n', "utf-8")
    empty = declared.read(tmp_path / "empty")
    page = Page(html_report(report(settings, estates={"staging": empty, "production": "main.tf:2: a block is open"})))
    assert "no load balancer, service, database or cache is declared" in page.part("stack")
    assert "There is no picture: main.tf:2: a block is open" in page.part("stack")
    assert "Nothing that listens is declared." in page.part("network")
    assert "No alarm is declared." in page.part("alarms")


def test_alarms_show_when_they_ring_and_whom_they_tell(settings: Settings, estate: Estate) -> None:
    page = Page(html_report(report(settings, estates={"staging": estate})))
    (alarm,) = page.of("alarm")
    assert "data-cpu" in alarm.text
    assert "rings after 5 min" in alarm.text
    assert "tells oncall@example.com" in alarm.text
    (drawing,) = page.of("timeline")
    assert drawing["aria-label"].endswith(": rings after 5 min")
    (series,) = page.of("series")
    assert len(re.findall("[ML]", series["d"])) > 15


def test_network_tells_who_reaches_what(settings: Settings, estate: Estate) -> None:
    page = Page(html_report(report(settings, estates={"staging": estate})))
    assert "load balancer" in page.part("network")
    assert "hop by hop" in page.part("network")


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("", False),
        ('  vpc_endpoint_type = "Interface"\n', True),
        ("  vpc_endpoint_type = var.unknown\n", True),
    ],
)
def test_an_endpoint_that_is_a_route_is_no_place(settings: Settings, kind: str, column: bool) -> None:
    root = settings.environments["staging"].root
    balancer = 'variable "unknown" {}\nresource "aws_lb" "main" {\n  name = "front"\n}\n'
    endpoint = f'resource "aws_vpc_endpoint" "s3" {{\n  service_name = "com.amazonaws.us-east-1.s3"\n{kind}}}\n'
    (root / "main.tf").write_text(balancer + endpoint, "utf-8")
    page = Page(html_report(report(settings, estates={"staging": declared.read(root)})))
    assert ("endpoint" in page.part("network")) is column


def test_cost_is_held_against_the_budget(settings: Settings, estate: Estate) -> None:
    told = Page(html_report(report(settings, estates={"staging": estate}))).part("cost")
    assert "above the budget of $10.00" in told
    assert "RDS" in told


def test_waivers_tell_how_long_they_hold_and_what_they_cover(settings: Settings, mixed: SuiteResult) -> None:
    day = NOW.date()
    waivers = (
        Waiver("ecs.x", "*", "platform", "soon", day + datetime.timedelta(days=60)),
        Waiver("rds.*", "*", "data", "late", day - datetime.timedelta(days=1)),
        Waiver("alb.*", "*", "edge", "near", day + datetime.timedelta(days=14)),
    )
    told = Page(html_report(report(settings, mixed, waivers=waivers))).part("waivers")
    assert told.index("✕expired") < told.index("?14 days left") < told.index("60 days left")
    assert "ecs.x*" + "*1platformsoon" in told.replace(" ", "")
    unreadable = Page(html_report(report(settings, mixed, waivers="waivers.toml:3: no"))).part("waivers")
    assert "not readable" in unreadable
    assert "waivers.toml:3: no" in unreadable


def test_history_draws_what_was_open(settings: Settings, mixed: SuiteResult) -> None:
    runs = [
        Run(NOW + datetime.timedelta(hours=hour), "c" * 40, "staging", "static", counts)
        for hour, counts in enumerate(({"pass": 5}, {"pass": 3, "fail": 2}, {"pass": 4, "unknown": 1}))
    ]
    page = Page(html_report(report(settings, mixed, runs=runs)))
    (drawn,) = page.of("spark")
    assert drawn["aria-label"] == "static of staging: open in the last 3 runs: 0, 2, 1"
    assert "The last 3 of 3 runs" in page.part("history")


def test_requirements_bear_the_worst_verdict(settings: Settings, mixed: SuiteResult) -> None:
    page = Page(html_report(report(settings, mixed)))
    (tile,) = (item for item in page.of("tile") if item["data-req"] == "DAT-1")
    assert "v-fail" in tile["class"]
    assert tile["title"].startswith("DAT-1: ")
    assert " ".join(tile.text.split()).startswith("DAT-1✕: ")


@pytest.mark.parametrize(
    ("control", "address", "area"),
    [
        ("rds.multi-az", "module.x.aws_db_instance.a", "rds"),
        ("checkov.CKV_AWS_1", "module.x.aws_db_instance.a", "rds"),
        ("checkov.CKV_AWS_1", "module.x.aws_sqs_queue.a[0]", "sqs"),
        ("checkov.CKV_AWS_1", "stack", "stack"),
    ],
)
def test_area_of_a_verdict(verdict: Verdicts, control: str, address: str, area: str) -> None:
    assert area_of(verdict(control=control, address=address)) == area


def test_ten_thousand_resources_are_counted_not_listed(settings: Settings, result: Results, verdict: Verdicts) -> None:
    good = [verdict(address=f"aws_db_instance.a[{number}]") for number in range(50_000)]
    bad = [verdict(Outcome.FAIL, "not encrypted", address=f"aws_db_instance.b[{number}]") for number in range(200)]
    small = html_report(report(settings, result(*bad)))
    text = html_report(report(settings, result(*good, *bad)))
    assert len(list(Page(text).of("row"))) == 200
    assert len(text) < len(small) + 1000
    assert len(text) < 300_000


def test_it_is_written_beside_the_status(settings: Settings, mixed: SuiteResult, estate: Estate) -> None:
    save(settings, mixed)
    path = write_html(settings, now=NOW, read=lambda _: estate)
    assert path == settings.reports / "report.html"
    page = Page(path.read_text("utf-8"))
    assert "shop" in next(element.text for element in page.elements if element.name == "h1")
    assert "The last 1 of 1 run," in page.part("history")


def test_without_an_environment_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no skyworthy\.toml in .*: there is no environment to report on"):
        write_html(Settings(tmp_path), now=NOW)


def test_elements_escape_texts_and_attributes() -> None:
    assert tag("p", "<&>\"'", title='"<') == '<p title="&quot;&lt;">&lt;&amp;&gt;&quot;&#x27;</p>'
    assert tag("input", checked=True, disabled=False, value=None) == "<input checked>"
