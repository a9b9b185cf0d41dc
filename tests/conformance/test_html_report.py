"""The HTML report in a real browser: filters by keyboard, both colour schemes, a phone, no network, accessible to all.

Screenshots of it go to reports/screenshots/.
"""

import contextlib
import datetime
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from skyworthy.config import Environment, Settings, load_settings
from skyworthy.estate import Estate
from skyworthy.reports.html import write_html
from skyworthy.reports.store import save
from skyworthy.results import SuiteResult
from skyworthy.suites import static
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome, Verdict

REPOSITORY = Path(__file__).parents[2]
SCREENSHOTS = REPOSITORY / "reports" / "screenshots"
NOW = datetime.datetime(2026, 3, 4, 11, 0, tzinfo=datetime.UTC)
DEFECTS = (
    ("modules/redis/main.tf", r"transit_encryption_enabled = true", "transit_encryption_enabled = false"),
    ("modules/rds/main.tf", r"storage_encrypted( *)= true", r"storage_encrypted\1= false"),
    ("modules/alb/main.tf", r"drop_invalid_header_fields = true", "drop_invalid_header_fields = false"),
)
SETTINGS = """
[project]
name = "ohmycoins"

[environments.staging]
terraform = "terraform/environments/staging"
url = "https://api-staging.ohmycoins.com"

[environments.production]
terraform = "terraform/environments/production"
url = "https://api.ohmycoins.com"
"""
WAIVERS = """
[[waiver]]
control = "alb.drops-invalid-headers"
resource = "module.alb.aws_lb.this"
environment = "staging"
owner = "platform"
reason = "an old client sends such headers until it is replaced"
expires = 2026-03-15
"""
SIZES = {"desktop": (1280, 900, "light"), "dark": (1280, 900, "dark"), "phone": (360, 800, "light")}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the reference stack with three defects in staging, after some runs."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "skyworthy.toml").write_text(SETTINGS, "utf-8")
    (folder / "waivers.toml").write_text(WAIVERS, "utf-8")
    shutil.copytree(REPOSITORY / "terraform", folder / "terraform", ignore=shutil.ignore_patterns(".terraform"))
    with contextlib.chdir(folder):  # so that files are told by their place in the project
        return folder / _reported(load_settings(Path()))


def _reported(settings: Settings) -> Path:
    good = _judged(settings)
    for name, pattern, defect in DEFECTS:
        file = settings.directory / "terraform" / name
        text, count = re.subn(pattern, defect, file.read_text("utf-8"))
        assert count, f"{name} has no {pattern}"
        file.write_text(text, "utf-8")
    bad = _judged(settings)
    for hours, results in ((72, good), (48, bad), (24, good), (3, {**bad, "production": good["production"]})):
        for each in _suites(results):
            save(settings, replace(each, finished=NOW - datetime.timedelta(hours=hours)))
    return write_html(settings, now=NOW, read=lambda environment: _estate(settings, environment))


def _estate(settings: Settings, environment: Environment) -> Estate:
    with Stage(settings, environment, Options()) as stage:
        return stage.declared


def _judged(settings: Settings) -> dict[str, SuiteResult]:
    made = {}
    for environment in settings.environments.values():
        with Stage(settings, environment, Options(checkov=False, today=NOW.date())) as stage:
            made[environment.name] = replace(static.run(stage), commit="0123456789abcdef0123456789abcdef01234567")
    return made


def _suites(results: dict[str, SuiteResult]) -> Iterator[SuiteResult]:
    """The static results, and of staging a live and a smoke result with a verdict of each kind."""
    yield from results.values()
    known = results["staging"].verdicts
    live = [replace(item, lens="observed") for item in known if item.outcome is Outcome.PASS]
    first = live[0]
    live[0] = replace(first, outcome=Outcome.ERROR, message="AccessDenied: not allowed to look")
    live[1] = replace(live[1], outcome=Outcome.WAIVED, message="waived until 2026-06-01 by platform: a migration")
    smoke = Verdict("smoke.health", "smoke", "staging", "module.ecs.aws_ecs_service.backend", Outcome.PASS)
    target: dict[str, Any] = {"target": "sandbox", "account": "123456789012", "region": "us-east-1"}
    yield replace(results["staging"], suite="live", verdicts=tuple(live), calls={"ec2:DescribeVpcs": 60}, **target)
    yield replace(results["staging"], suite="smoke", verdicts=(smoke,), **target)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is on the PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, report: Path) -> Iterator[Callable[..., Page]]:
    """Opens the report; at the end it must have asked for nothing but itself and have nothing to complain of."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def go(size: str = "desktop", address: str = "", **options: Any) -> Page:
        width, height, scheme = SIZES[size]
        options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, **options}
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(report.as_uri() + address)
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []
    assert {request.partition("#")[0] for request in requests} == {report.as_uri()}


def shown(page: Page, selector: str) -> int:
    return page.locator(f"{selector}:visible").count()


@pytest.mark.parametrize("size", SIZES)
def test_it_fits_the_screen_and_is_photographed(opened: Callable[..., Page], size: str) -> None:
    page = opened(size)
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{size}.png")
    page.locator("#stack").scroll_into_view_if_needed()
    page.screenshot(path=SCREENSHOTS / f"{size}-whole.png", full_page=True)
    for part in page.locator("section summary").all():
        if part.is_visible():
            part.evaluate("element => { element.parentElement.open = true }")
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]


def test_filters_work_by_keyboard_alone(opened: Callable[..., Page]) -> None:
    page = opened()
    every = shown(page, ".row")
    assert every >= 3
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("encrypted")
    found = shown(page, ".row")
    assert 0 < found < every
    expect(page.locator("#told")).to_contain_text(f"{found} finding")
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    for _ in range(3):  # past the two lists to the first verdict
        page.keyboard.press("Tab")
    expect(page.locator("input[value=error]")).to_be_focused()
    page.keyboard.press("Space")
    assert shown(page, ".row[data-verdict=error]") == 0
    assert shown(page, ".row[data-verdict=fail]") > 0
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert shown(page, ".row[data-verdict=fail]") == 0
    assert "verdict=unknown%2Cwaived" in page.url


def test_each_filter_leaves_what_it_names(opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator("#area").select_option("rds")
    assert {item.get_attribute("data-area") for item in page.locator(".control:visible").all()} == {"rds"}
    page.locator("#clear").click()
    page.locator("#req").select_option("DAT-1")
    assert all("DAT-1" in (item.get_attribute("data-req") or "") for item in page.locator(".control:visible").all())
    page.locator("#clear").click()
    for name in ("static", "smoke"):
        page.locator(f"input[name=suite][value={name}]").uncheck(force=True)
    assert shown(page, ".row") > 0
    assert all('"live"' in (item.get_attribute("data-in") or "") for item in page.locator(".row:visible").all())
    page.locator("#clear").click()
    for name in ("critical", "high", "medium"):
        page.locator(f"input[name=severity][value={name}]").uncheck(force=True)
    severities = {item.get_attribute("data-severity") for item in page.locator(".control:visible").all()}
    assert severities <= {"low"}
    page.locator("#clear").click()
    page.locator("input[name=verdict][value=pass]").check(force=True)
    expect(page.locator("#told")).to_contain_text("without anything to say")
    page.locator("input[name=environment][value=production]").check(force=True)
    assert shown(page, ".card") == 1
    assert page.locator(".panel[data-env=staging]:visible").count() == 0


def test_a_view_can_be_handed_on_by_its_address(opened: Callable[..., Page]) -> None:
    page = opened(address="#?env=staging&verdict=fail&search=encrypted")
    expect(page.locator("#search")).to_have_value("encrypted")
    assert {item.get_attribute("data-verdict") for item in page.locator(".row:visible").all()} == {"fail"}
    page.keyboard.press("Tab")
    page.locator("#clear").click()
    assert shown(page, ".row[data-verdict=unknown], .row[data-verdict=error]") > 0


def test_a_component_of_the_picture_chooses_its_findings_by_keyboard(opened: Callable[..., Page]) -> None:
    page = opened()
    node = page.locator(".flat .node[data-component*=aws_db_instance][data-env=staging]")
    node.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_be_focused()
    expect(page.locator("#told")).to_contain_text("in staging")
    components = {item.get_attribute("data-component") for item in page.locator(".row:visible").all()}
    assert components == {node.get_attribute("data-component")}


def test_a_requirement_and_an_area_choose_their_findings(opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator("a.tile[data-req='DAT-1']").click()
    expect(page.locator("#req")).to_have_value("DAT-1")
    page.locator(".area[data-area=rds][data-env=staging]").click()
    expect(page.locator("#area")).to_have_value("rds")
    expect(page.locator("#req")).to_have_value("")


def test_colours_follow_the_system_and_the_switch(opened: Callable[..., Page]) -> None:
    colour = "getComputedStyle(document.documentElement).backgroundColor"
    light, dark = opened("desktop"), opened("dark")
    white, black = light.evaluate(colour), dark.evaluate(colour)
    assert white != black
    switch = light.locator("#theme")
    switch.focus()
    told = []
    for _ in range(3):
        light.keyboard.press("Enter")
        told.append((switch.inner_text(), light.evaluate(colour)))
    assert told == [("Theme: light", white), ("Theme: dark", black), ("Theme: system", white)]


def test_everything_is_there_without_scripts_and_on_paper(opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)
    assert shown(page, ".control") == page.locator(".control").count() > 50
    assert len(page.pdf()) > 50_000


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on the PATH: axe-core comes from it")
    folder = tmp_path_factory.mktemp("axe")
    command = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(folder),
        "axe-core@4.14.1",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch axe-core: {done.stderr.strip()[:200]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_serious_violation(opened: Callable[..., Page], axe: str, size: str) -> None:
    page = opened(size)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    page.locator("input[name=verdict][value=pass]").check(force=True)
    # What is far below the screen is not laid out until it is needed; axe must see it all.
    page.evaluate("for (const item of document.querySelectorAll('.control')) item.style.contentVisibility = 'visible'")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    told = [
        f"{item['id']} ({item['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for item in found
        for node in item["nodes"][:3]
        if item["impact"] in ("serious", "critical", "moderate")
    ]
    assert told == []


def test_the_size_is_bounded(report: Path) -> None:
    assert report.stat().st_size < 1_000_000
