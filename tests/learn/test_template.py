import pytest

from mydl.learn.template import solution_text, student_text

TWO = '''\
"""Title"""


class Layer:
    def forward(self, x):
        # BEGIN SOLUTION
        y = x
        return y
        # END SOLUTION

    def name(self):
        return "layer"


def free(x):
    a = 1
    # BEGIN SOLUTION
    a = 2
    # END SOLUTION
    return a
'''

BUG = """\
def f(x):
    # BEGIN BUG
    return x + 1
    # INSTEAD
    return x - 1
    # END BUG
"""


def test_the_student_is_told_what_to_write_in_each_region():
    text = student_text(TWO)
    assert '        raise NotImplementedError("write Layer.forward here")\n' in text
    assert '    a = 1\n    raise NotImplementedError("write free here")\n    return a\n' in text
    assert 'return "layer"' in text
    assert "SOLUTION" not in text
    assert "y = x" not in text
    compile(text, "student", "exec")


def test_the_solution_is_the_file_without_markers():
    assert solution_text(TWO) == "".join(
        line for line in TWO.splitlines(keepends=True) if "SOLUTION" not in line
    )


def test_of_a_bug_the_student_gets_the_first_part_and_the_second_is_right():
    assert student_text(BUG) == "def f(x):\n    return x + 1\n"
    assert solution_text(BUG) == "def f(x):\n    return x - 1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# BEGIN SOLUTION\npass\n", "line 1: `# BEGIN SOLUTION` has no `# END SOLUTION`"),
        ("pass\n# END SOLUTION\n", "line 2: `# END SOLUTION` does not belong to"),
        ("# BEGIN BUG\npass\n# END BUG\n", "line 1: `# BEGIN BUG` needs `# INSTEAD`"),
        ("# BEGIN BUG\npass\n# END SOLUTION\n", "line 3: `# END SOLUTION` does not belong to"),
        ("# INSTEAD\n", "line 1: `# INSTEAD` does not belong to"),
    ],
)
def test_markers_that_do_not_fit_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        solution_text(text)
