"""Pictures that tests upload."""

import io

from PIL import Image


def png(width: int = 8, height: int = 8) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), (20, 90, 160)).save(file, "PNG")
    return file.getvalue()


PNG = png()
