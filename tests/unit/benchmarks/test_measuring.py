"""Measured processes and the generated estate."""

import sys
from pathlib import Path

from benchmarks import generate
from benchmarks.measure import Run, run, table
from benchmarks.static import Line, copied, judgement

from skyworthy import declared
from skyworthy.config import load_settings


def test_a_process_is_measured_to_its_end(tmp_path: Path) -> None:
    done = run([sys.executable, "-c", "print('x' * 3); raise SystemExit(4)"], cwd=tmp_path)
    assert (done.code, done.output, done.cut_off) == (4, "xxx\n", False)
    assert done.megabytes > 1


def test_a_process_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    done = run([sys.executable, "-c", "input() if False else __import__('signal').pause()"], cwd=tmp_path, limit=0.5)
    assert done.cut_off
    assert done.code < 0


def test_a_table_is_aligned() -> None:
    assert table(("a", "bb"), [("ccc", 1)]) == "| a   | bb |\n|-----|----|\n| ccc | 1  |"


def test_the_generated_estate_has_as_many_resources_as_it_says(tmp_path: Path) -> None:
    count = generate.write(tmp_path, 60)
    estate = declared.read(tmp_path)
    assert count == 76
    assert len(estate) == count
    assert estate.notes == ()


def test_the_copy_of_the_reference_stack_can_be_judged(tmp_path: Path) -> None:
    settings = load_settings(copied(tmp_path / "reference"))
    assert settings.env_template is not None
    for each in settings.environments.values():
        assert len(declared.read(each.root, declared.inputs_of(each))) > 0


def test_an_aim_that_is_missed_is_told() -> None:
    def line(seconds: float, megabytes: float) -> Line:
        return Line("x", "tool", (Run(seconds, megabytes, 0, "", cut_off=False),), "")

    met = [met for _, _, met in judgement([line(1, 90), line(5, 90), line(19, 600)])]
    assert met == [True, True, False]
    assert [met for _, _, met in judgement([line(2, 90), line(5, 90), line(21, 90)])] == [False, False, True]
