"""The scripts here need PyTorch, which tests never do: pytest leaves them alone."""

collect_ignore_glob = ["make_*.py"]
