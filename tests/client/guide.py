"""Reads the guides: their blocks of code, and what they say that these print."""

import re
from pathlib import Path

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"


def blocks(guide: str, language: str) -> list[str]:
    """The fenced blocks of one language, in their order."""
    text = (GUIDES / guide).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
