"""What `skyworthy --help` and `skyworthy explain` say."""

import re

import pytest
from click.testing import CliRunner

from skyworthy.cli import SECTIONS, skyworthy
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


@pytest.mark.parametrize("reference", ["CKV_AWS_16", "checkov.CKV_AWS_16", "FSBP RDS.3"])
def test_the_rule_of_a_standard_is_explained_by_the_controls_that_answer_to_it(reference: str) -> None:
    lines = said("explain", reference).splitlines()
    assert lines[0] == f"{reference} is answered by:"
    assert "  rds.encrypted-at-rest  Database storage is encrypted." in lines


def test_a_check_that_is_checkovs_alone_is_no_control_of_ours() -> None:
    with pytest.raises(BadInput, match=r"checkov\.CKV_XYZ_1 is a check of checkov"):
        said("explain", "checkov.CKV_XYZ_1")
