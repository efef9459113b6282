"""api: /api/openapi.json and /api/docs: what programs may ask, for machines and people.

Both are open to everybody: they describe the program, which anybody can read, and hold
nothing of any wedding.
"""

from __future__ import annotations

import asyncio
import json
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from wedding_wa.api import pages_html as html
from wedding_wa.api.docs_html import docs_page
from wedding_wa.api.openapi import document
from wedding_wa.words import languages

_SCRIPT = Path(__file__).parent / "templates" / "docs.js"


class Documents:
    """The document of an app and its pages, made when they are first asked for."""

    def __init__(self, api: FastAPI) -> None:
        self._api = api
        self.page = cache(self._page)

    @cached_property
    def whole(self) -> dict[str, Any]:
        """The whole document."""
        return document(self._api)

    @cached_property
    def as_json(self) -> bytes:
        """The same, as it is sent."""
        return json.dumps(self.whole, ensure_ascii=False).encode()

    def _page(self, lang: str) -> str:
        return docs_page(self.whole, lang)


def router(api: FastAPI) -> APIRouter:
    """The routes that describe `api`."""
    made, documents = APIRouter(), Documents(api)

    async def as_json() -> Response:
        """Return the OpenAPI document."""
        content = await asyncio.to_thread(lambda: documents.as_json)
        return Response(content, media_type="application/json")

    async def page(request: Request) -> Response:
        """Return the page about it, in the reader's language."""
        lang = html.language(request)
        response = HTMLResponse(await asyncio.to_thread(documents.page, lang))
        if request.query_params.get("lang") in languages():
            html.choose_language(response, lang)
        return response

    made.add_api_route("/api/openapi.json", as_json, methods=["GET"])
    made.add_api_route("/api/docs", page, methods=["GET"])
    made.add_api_route("/api/docs/docs.js", _script, methods=["GET"])
    return made


async def _script() -> Response:
    """Return the page's script."""
    return Response(_SCRIPT.read_bytes(), media_type="text/javascript")
