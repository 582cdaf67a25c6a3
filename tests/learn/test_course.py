import pytest

from mydl.learn.course import BUILT_IN, Course, exercise_in
from mydl.learn.source import source_of

from .conftest import EXERCISE, write_exercise

ROOT = BUILT_IN.parents[2]


def test_the_course_is_in_order_and_builds_up():
    course = Course()
    names = [exercise.name for exercise in course.exercises]
    numbers = [int(exercise.number) for exercise in course.exercises]
    assert numbers == sorted(set(numbers))
    assert len(set(names)) == len(names)
    for exercise in course.exercises:
        for needed in exercise.requires:
            assert names.index(needed) < names.index(exercise.name)


@pytest.mark.parametrize("exercise", Course().exercises, ids=lambda exercise: exercise.name)
def test_what_an_exercise_refers_to_is_there(exercise):
    for name in exercise.library:
        assert source_of(name).text
    if exercise.page:
        assert (ROOT / "docs" / f"{exercise.page}.md").is_file()


def test_an_exercise_is_read_from_its_files(exercise):
    assert exercise.name == "double"
    assert exercise.number == "90"
    assert exercise.file_name == "double.py"
    assert exercise.title == "Twice an array"
    assert exercise.statement == "Write double."
    assert exercise.hints == ("What is added to x?", "x is.", "`2 * x` is an array.")
    assert exercise.derivation == "    x + x = 2 x"  # indented, as code is in Markdown
    assert exercise.library == ("mydl.layers.relu:ReLU.forward",)
    assert exercise.requires == ()
    assert exercise.page == "gradient-checking"
    assert [(check.title, check.points) for check in exercise.load_checks()] == [
        ("one number", 1),
        ("an image", 2),
    ]


@pytest.mark.parametrize("name", ["double", "90", "90-double", "double.py", "some/double.py"])
def test_an_exercise_has_several_names(exercises, name):
    assert Course(exercises)[name].name == "double"


def test_the_nearest_name_is_proposed():
    with pytest.raises(ValueError, match=r"no exercise 'soft-max': did you mean 'softmax'"):
        Course()["soft-max"]


def test_exercises_of_a_teacher_come_last(exercises):
    assert Course(exercises).exercises[:-1] == Course().exercises
    assert Course(exercises).exercises[-1].name == "double"


def test_two_exercises_of_one_name_are_refused(tmp_path):
    write_exercise(tmp_path / "01-relu")
    with pytest.raises(ValueError, match="two exercises are called relu"):
        Course(tmp_path)


def test_a_folder_without_exercises_is_refused(tmp_path):
    (tmp_path / "01-empty").mkdir()
    with pytest.raises(ValueError, match="no exercises in"):
        Course(tmp_path)
    with pytest.raises(ValueError, match="is no folder"):
        Course(tmp_path / "nowhere")


def test_what_an_exercise_lacks_is_named(tmp_path):
    folder = write_exercise(tmp_path / "01-some", exercise=EXERCISE.partition('"""\n')[2])
    with pytest.raises(ValueError, match="must begin with a docstring"):
        exercise_in(folder).title  # noqa: B018
    (folder / "hints.md").unlink()
    with pytest.raises(ValueError, match=r"has no hints\.md: it needs exercise\.py, hints\.md"):
        exercise_in(folder).hints  # noqa: B018
    (folder / "checks.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=r"has no function under @check"):
        exercise_in(folder).load_checks()
