"""The examples of the documentation may write files."""

import pytest


@pytest.fixture(autouse=True)
def a_new_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
