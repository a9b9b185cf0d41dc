"""What `skyworthy --help` and `skyworthy explain` say."""

import contextlib
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from skyworthy.cli import SECTIONS, skyworthy
from skyworthy.controls import catalogue
from skyworthy.errors import BadInput


def said(*arguments: str, width: int = 80) -> str:
    done = CliRunner().invoke(skyworthy, arguments, terminal_width=width, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.parametrize("width", [40, 80, 110])
def test_every_command_is_listed_with_its_whole_first_sentence(width: int) -> None:
    text = said("--help", width=width)
    assert max(len(line) for line in text.splitlines() if not line.startswith("    ")) <= max(width, 80)
    words = " ".join(text.split())
    for name, command in skyworthy.commands.items():
        sentence = command.get_short_help_str(1000)
        assert f" {name} {sentence}" in re.sub(r"- (?=[a-z])", "-", words)


@pytest.mark.parametrize("group", [("gate",), ("sandbox",), ("sandbox", "fault"), ("signoff",)])
def test_groups_inside_list_whole_sentences_too(group: tuple[str, ...]) -> None:
    listed = said(*group, "--help").partition("\nCommands:\n")[2]
    assert listed
    assert "..." not in listed


def test_each_command_stands_in_one_section() -> None:
    listed = [command.name for commands in SECTIONS.values() for command in commands]
    assert sorted(listed, key=str) == sorted(skyworthy.commands)
    assert [line.rstrip(":") for line in said("--help").splitlines() if line.rstrip(":") in SECTIONS] == [*SECTIONS]


@pytest.mark.parametrize("reference", ["CKV_AWS_16", "checkov.CKV_AWS_16", "FSBP RDS.3", "RDS.3", "rds.3", "2.3.1"])
def test_the_rule_of_a_standard_is_explained_by_the_controls_that_answer_to_it(reference: str) -> None:
    lines = said("explain", reference).splitlines()
    assert lines[0] == f"{reference} is answered by:"
    assert "  rds.encrypted-at-rest  Database storage is encrypted." in lines


def test_what_answers_to_a_requirement_stands_in_columns() -> None:
    lines = said("explain", "SEC-3").splitlines()[1:]
    width = max(len(line.split()[0]) for line in lines) + 2
    assert len({line.split()[0] for line in lines}) > 2
    assert {line[width : width + 2] for line in lines} == {"  "}
    assert all(line[width + 2 :][0].isupper() for line in lines)


@pytest.mark.parametrize("name", ["rds-encrypted-at-rest", "rds.storage-encrypted", "rds-storage-encrypted"])
def test_a_control_is_explained_by_any_name_and_a_dash_for_the_dot(name: str) -> None:
    assert said("explain", name).startswith("rds.encrypted-at-rest  high\nDatabase storage is encrypted.\n")


def test_brackets_of_terraform_are_no_markup() -> None:
    assert "ignore_changes = [secret_string]" in " ".join(said("explain", "secret.string-not-overwritten").split())


def test_the_catalogue_in_a_pipe_is_a_line_for_each_control() -> None:
    *lines, last = said("list").splitlines()
    assert [line.split()[0] for line in lines] == [each.id for each in catalogue()]
    for line, each in zip(lines, catalogue(), strict=True):
        assert line.split(None, 3) == [each.id, each.severity, ",".join(each.lenses), each.title]
    assert last == f"{len(catalogue())} controls"


def test_the_catalogue_at_a_terminal_keeps_every_word_within_80_columns() -> None:
    text = at_a_terminal("list", "--area", "rds")
    assert "rds.encrypted-at-rest" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    words = " ".join(text.split())
    for each in catalogue():
        assert each.area != "rds" or f"{each.id} {each.severity} {','.join(each.lenses)} {each.title}" in words


def at_a_terminal(*arguments: str) -> str:
    """What a terminal of 80 columns shows, without its colours."""
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        program = [sys.executable, "-c", "from skyworthy.cli import main; main()", *arguments]
        running = subprocess.Popen(program, stdout=theirs, env=environment)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the end of what it shows
            while piece := screen.read(65536):
                shown += piece
        assert running.wait() == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).replace("\r\n", "\n")


def test_a_rule_that_is_not_taken_is_explained_by_the_reason() -> None:
    assert said("explain", "EC2.55").startswith("EC2.55 is not taken: a NAT gateway serves: vpc.tasks-reach-internet")
    assert said("explain", "checkov.CKV_AWS_23").startswith("checkov.CKV_AWS_23 is not taken: ")


def test_a_rule_that_a_standard_took_back_is_marked() -> None:
    assert said("explain", "ECS.1").startswith("ECS.1 (retired in March 2026 in favour of ECS.4")


@pytest.mark.parametrize("reference", ["RDS.99", "FSBP RDS.99", "CIS 9.9", "9.9.9"])
def test_a_rule_that_nobody_answers_is_told_as_such(reference: str) -> None:
    with pytest.raises(BadInput, match=rf"no control answers to {reference}; docs/reference/standards\.md"):
        said("explain", reference)


def test_a_check_that_is_checkovs_alone_is_no_control_of_ours() -> None:
    with pytest.raises(BadInput, match=r"checkov\.CKV_XYZ_1 is a check of checkov"):
        said("explain", "checkov.CKV_XYZ_1")
