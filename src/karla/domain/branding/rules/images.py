"""What an image is called."""

import re

_IMAGE_NAME = re.compile(r"[A-Za-z0-9_-]{43}\.(?:png|jpg|webp|gif)")


def is_image_name(text: str) -> bool:
    """Whether this can be an image's public name: 256 random bits and the ending of its format."""
    return _IMAGE_NAME.fullmatch(text) is not None


def object_key(image_name: str) -> str:
    """Where in the object store the image of this public name is."""
    return f"images/{image_name}"
