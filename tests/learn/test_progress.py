import json
import os
import sys

import pytest

from mydl.learn.course import Course
from mydl.learn.progress import PROGRESS, Folder, UnsavedProgress


@pytest.fixture
def course(exercises):
    return Course(exercises)


@pytest.fixture
def folder(tmp_path, course):
    return Folder(tmp_path / "student", course)


def at(file, seconds):
    os.utime(file, (seconds, seconds))


def test_a_new_folder_begins_with_the_first_exercise(folder, course):
    assert folder.new
    assert folder.last() is None
    assert folder.next() is course.exercises[0]
    assert {folder.state(exercise) for exercise in course.exercises} == {"-"}
    assert not folder.path.exists()


def test_a_file_is_written_once(folder, course):
    exercise = course["double"]
    assert folder.start(exercise)
    assert folder.state(exercise) == "started"
    file = folder.file(exercise)
    assert "raise NotImplementedError" in file.read_text()
    file.write_text("mine")
    assert not folder.start(exercise)
    assert file.read_text() == "mine"


def test_progress_is_found_again(folder, course):
    relu = course["relu"]
    folder.start(relu)
    folder.set_done(relu, True)
    assert folder.take_hint(relu) == 0
    again = Folder(folder.path, course)
    assert not again.new
    assert again.state(relu) == "done"
    assert again.count_done() == 1
    assert [again.take_hint(relu) for _ in range(3)] == [1, 2, None]
    again.set_done(relu, False)
    assert Folder(folder.path, course).state(relu) == "started"


def test_the_next_exercise_is_the_last_edited_one_or_follows_it(folder, course):
    relu, linear, softmax = course["relu"], course["linear"], course["softmax"]
    folder.start(linear)
    folder.start(relu)
    at(folder.file(relu), 1)
    assert folder.last() is linear
    assert folder.next() is linear
    folder.set_done(linear, True)
    assert folder.next() is softmax
    at(folder.file(linear), 0)
    assert folder.last() is relu
    assert folder.next() is relu


def test_after_the_last_exercise_those_that_were_left_out_are_next(folder, course):
    double = course["double"]
    folder.start(double)
    folder.set_done(double, True)
    assert folder.next() is course.exercises[0]
    for exercise in course.exercises:
        folder.set_done(exercise, True)
    assert folder.next() is None


def test_without_the_progress_file_the_files_still_say_what_was_started(folder, course):
    relu = course["relu"]
    folder.start(relu)
    folder.set_done(relu, True)
    (folder.path / PROGRESS).unlink()
    again = Folder(folder.path, course)
    assert not again.new
    assert again.state(relu) == "started"
    assert again.next() is relu


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1, "done": 3}', "\0"])
def test_a_damaged_progress_file_is_named(folder, course, text):
    folder.start(course["relu"])
    (folder.path / PROGRESS).write_text(text)
    with pytest.raises(ValueError, match=r"\.mydl-learn\.json is damaged: delete it"):
        Folder(folder.path, course)


def test_a_newer_progress_file_is_not_touched(folder, course):
    folder.start(course["relu"])
    saved = {"format": 2, "done": [], "hints": {}}
    (folder.path / PROGRESS).write_text(json.dumps(saved))
    with pytest.raises(ValueError, match="another version of mydl"):
        Folder(folder.path, course)


def test_a_folder_that_is_a_file_is_refused(tmp_path, course):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file: --dir takes the folder"):
        Folder(tmp_path / "file", course)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a plain user")
def test_a_folder_that_cannot_be_written_to_is_named(folder, course):
    folder.path.mkdir()
    folder.path.chmod(0o500)
    with pytest.raises(ValueError, match=r"cannot write .*relu\.py: Permission denied"):
        folder.start(course["relu"])
    with pytest.raises(UnsavedProgress, match="progress could not be saved"):
        folder.set_done(course["relu"], True)


def test_progress_that_cannot_be_saved_is_named(folder, course):
    with pytest.raises(UnsavedProgress, match=r"progress could not be saved in .*: No such file"):
        folder.set_done(course["relu"], True)
