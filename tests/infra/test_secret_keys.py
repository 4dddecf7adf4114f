"""The secret key: made once, kept to its owner, and followed by another without a loss."""

from pathlib import Path

import msgspec
import pytest

from karla.infra.settings import Settings, SettingsInvalid, secret_key_of, secret_keys_of, settings_from


def test_the_key_is_made_once_and_stays(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    made = secret_key_of(settings)
    assert len(made) >= 32
    assert secret_key_of(settings) == made
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]
    before = msgspec.structs.replace(settings, previous_secret_keys=f"{'a' * 32}, {'b' * 32}")
    assert secret_keys_of(before) == (made, "a" * 32, "b" * 32)


def test_previous_secret_keys_that_are_too_short_are_told_without_repeating_them() -> None:
    with pytest.raises(SettingsInvalid, match="KARLA_PREVIOUS_SECRET_KEYS") as caught:
        settings_from({"KARLA_PREVIOUS_SECRET_KEYS": "short-one," + "a" * 32})
    assert "short-one" not in str(caught.value)
