"""The training loop and the folder it leaves behind."""
