"""How a page by cursor tells where the next one is."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request

from karla.infra.paging import Cursor


def next_page(request: Request[Any, Any, Any], address: str, cursor: Cursor) -> dict[str, str]:
    """The headers of a page that is not the last; `address` is that of the list, without its query."""
    query = {name: value for name, value in request.query_params.dict().items() if name != "page"}
    link = f"<{address}?{urlencode({**query, 'cursor': str(cursor)}, doseq=True)}>"
    return {"Karla-Next-Cursor": str(cursor), "Link": f'{link}; rel="next"'}
