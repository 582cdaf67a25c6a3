"""Lines that two processes exchange through a file which a third may write into as well."""

from __future__ import annotations

import hmac


class Seal:
    """Signs lines with a key that is in no file; on the other side only these lines count.

    Parameters
    ----------
    key
        What both sides know.

    Examples
    --------
    >>> ours, theirs = Seal("key"), Seal("key")
    >>> line = ours.sign("passed")
    >>> theirs.open(line)
    'passed'
    >>> theirs.open(line) is None  # each line counts once
    True
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._lines = 0

    def sign(self, text: str) -> str:
        """The next line of this text."""
        return f"{self._signature(text)} {text}"

    def open(self, line: str) -> str | None:
        """The text of the next line; None if it was not signed with the key, or not as the next."""
        signature, _, text = line.partition(" ")
        right = hmac.compare_digest(signature.encode(), self._signature(text).encode())
        return text if right else None

    def _signature(self, text: str) -> str:
        self._lines += 1
        return hmac.new(self._key, f"{self._lines} {text}".encode(), "sha256").hexdigest()
