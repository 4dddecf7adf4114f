"""The guides' code runs on a Karla that is served, and prints what they say."""

import os
import sys
from asyncio import subprocess
from pathlib import Path

import pytest

from tests.client.guide import blocks
from tests.support.karla import ShopClient

SHIM = Path(__file__).with_name("curl.py")


async def run(folder: Path, shop: ShopClient, address: str, program: list[str], script: str) -> str:
    """What a script prints that is started as the guide's reader starts it."""
    file = folder / "script"
    file.write_text(script, encoding="utf-8")
    environment = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "KARLA_API_URL": address,
        "KARLA_SHOP": shop.slug,
        "KARLA_API_USERNAME": shop.username,
        "KARLA_API_KEY": shop.key,
        "WEBHOOK_URL": "http://127.0.0.1:9/karla",
        "PYTHONWARNINGS": "error",
    }
    process = await subprocess.create_subprocess_exec(
        *program, str(file), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


@pytest.mark.parametrize("guide", ["headless.md", "python-client.md"])
async def test_the_python_of_a_guide_prints_what_it_says(
    guide: str, shop: ShopClient, address: str, tmp_path: Path
) -> None:
    script = "\n".join(blocks(guide, "python"))
    assert await run(tmp_path, shop, address, [sys.executable], script) == "".join(blocks(guide, "text"))


async def test_the_same_by_curl(shop: ShopClient, address: str, tmp_path: Path) -> None:
    curl = tmp_path / "curl"
    curl.write_text(f"#!{sys.executable}\n{SHIM.read_text(encoding='utf-8')}", encoding="utf-8")
    curl.chmod(0o755)
    printed = await run(tmp_path, shop, address, ["sh", "-eu"], "\n".join(blocks("headless.md", "sh")))
    assert '"status":"cancelled"' in printed
    order = (await shop.get("/orders/20817")).json()
    assert len(order["trackings"]) == 4
    assert (await shop.get("/shipments/00340434161094087206")).json()["phase"] == "in_delivery"
    assert [webhook["url"] for webhook in (await shop.get("/webhooks")).json()] == ["http://127.0.0.1:9/karla"]


async def test_a_page_is_made_ones_own_by_curl_alone(shop: ShopClient, address: str, tmp_path: Path) -> None:
    curl = tmp_path / "curl"
    curl.write_text(f"#!{sys.executable}\n{SHIM.read_text(encoding='utf-8')}", encoding="utf-8")
    curl.chmod(0o755)
    begin = next(block for block in blocks("headless.md", "sh") if block.startswith("KEY="))
    await run(tmp_path, shop, address, ["sh", "-eu"], "\n".join([begin, *blocks("tracking-page.md", "sh")]))
    page = (await shop.get("/storefront/shop")).json()
    assert page["language"] == "de"
    assert page["brand"]["theme"] == "linen"
    assert page["brand"]["texts"] == {"intro": "Von Hand in Leipzig gepackt."}
