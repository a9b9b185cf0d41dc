"""``sky_repository``: a test for each control of the repository, once, whatever environments are asked for."""

import subprocess

import pytest

pytest_plugins = ["pytester"]

SUITE = """
from skyworthy.plugin import settle

def test_repository(sky_repository):
    settle(sky_repository)
"""


def test_each_control_of_the_repository_is_a_test(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    pytester.makepyfile(test_it=SUITE)
    pytester.path.joinpath("README.md").write_text("[x](gone.md)\n", "utf-8")
    pytester.path.joinpath("staging").mkdir()
    pytester.path.joinpath("staging/main.tf").write_text("", "utf-8")
    pytester.path.joinpath("skyworthy.toml").write_text('[environments.staging]\nterraform = "staging"\n', "utf-8")
    subprocess.run(["git", "init", "--quiet", str(pytester.path)], check=True)
    done = pytester.runpytest_subprocess("--sky-env", "staging", "-rA", "-vv")
    text = done.stdout.str()
    assert "FAILED test_it.py::test_repository[repository-repo.links-resolve-stack]" in text
    assert "README.md:1: gone.md is not there" in text
    assert "PASSED test_it.py::test_repository[repository-repo.no-credentials-stack]" in text
    assert "not applicable: there are no workflows" in text
    assert text.count("FAILED test_it.py") == 1
