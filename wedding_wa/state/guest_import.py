"""state: Import guests: how a list is read, and what would become of every line."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, TypedDict

import reflex as rx
from reflex_base.event import EventSpec

from wedding_wa import runtime
from wedding_wa.domain.errors import Conflict, NotFound
from wedding_wa.services import guest_import, guest_import_drafts
from wedding_wa.services.guest_import import Preview
from wedding_wa.services.guest_import_columns import Field
from wedding_wa.services.guest_import_drafts import Draft, Owner
from wedding_wa.services.guest_import_values import Verdict
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.asked import number_of
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.guest_import_views import LineView, line_view

ROUTE = "/guests/import"
PAGE_SIZE = 50
_SAMPLES = 3
_LONGEST_SAMPLE = 60


class ColumnView(TypedDict):
    """One column of the file: its heading, first cells, what it is ("": nothing)."""

    index: int
    number: int
    heading: str
    sample: str
    field: str


class Done(TypedDict):
    """What was written. `written` is -1 before anything was."""

    draft: str
    written: int
    bad: int


_NOT_YET: Done = {"draft": "", "written": -1, "bad": 0}


class GuestImportState(PageState):
    """What the page shows. The draft, the filter and the page stand in the address."""

    # "choose", "gone", "look" or "done"
    step: str = "choose"
    may_write: bool = True
    token: str = ""
    filename: str = ""
    columns: list[ColumnView] = []
    named: bool = False
    header: bool = True
    side: str = "groom"
    guest_language: str = ""
    # False until a column is chosen to be the name, or a part of it.
    has_name: bool = True

    counts: dict[str, int] = {}
    total: int = 0
    writes: int = 0
    shown: str = ""
    rows: list[LineView] = []
    first: int = 0
    last: int = 0
    matching: int = 0
    previous: str = ""
    following: str = ""
    done: Done = _NOT_YET

    # Stands for everything that is shown: only that is confirmed.
    _digest: str = ""

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date; started anew whenever the URL changes."""
        return await self._follow()

    @rx.event(temporal=True)
    async def use(self, column: int, field: str) -> None:
        """Say what a column is."""
        await self._choose(column=int(column), field=str(field))

    @rx.event(temporal=True)
    async def name_columns(self, header: bool) -> None:
        """Say whether the first line names the columns."""
        await self._choose(header=header is True)

    @rx.event
    async def choose_side(self, side: str) -> None:
        """Say whose guests they are where a line does not."""
        await self._choose(side=str(side))

    @rx.event
    async def choose_guest_language(self, language: str) -> None:
        """Say which language they read where a line does not."""
        await self._choose(language=str(language))

    @rx.event(temporal=True)
    async def confirm(self) -> None:
        """Write what is shown, all of it or nothing."""
        if who := await self._allowed(may_send):
            digest, token = self._digest, self._asked_for().get("draft", "")
            if await self._do(self._written(who, token, digest)):
                await self._refresh()

    @rx.event(temporal=True)
    async def discard(self) -> EventSpec | None:
        """Throw the list away."""
        if who := await self._allowed(may_send):
            token = self._asked_for().get("draft", "")
            discard = guest_import_drafts.discard
            await self._do(runtime.current().db.write(discard, _owner(who), token))
            return rx.redirect(ROUTE)
        return None

    async def _written(self, who: Viewer, token: str, digest: str) -> None:
        app = runtime.current()
        try:
            made: Preview = await app.db.write(
                guest_import.confirm, _owner(who), token, digest, now=app.clock.now()
            )
        except Conflict:
            await self._refresh()  # what it would do now
            raise
        self.done = Done(
            draft=token, written=made.writes, bad=made.plan.counts[Verdict.BAD]
        )

    async def _choose(self, **choice: Any) -> None:
        if who := await self._allowed(may_send):
            app, token = runtime.current(), self._asked_for().get("draft", "")
            work: Awaitable[object] = app.db.write(
                guest_import_drafts.choose,
                _owner(who),
                token,
                now=app.clock.now(),
                **choice,
            )
            await self._do(work)
            await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        asked, app = self._asked_for(), runtime.current()
        token = asked.get("draft", "")
        if not may_send(who):
            return {"may_write": False, "step": "choose", "token": ""}
        if not token:
            return {"step": "choose", "token": "", "done": _NOT_YET}
        if self.done["draft"] == token:
            return {"step": "done", "token": token}
        try:
            found = await app.db.read(
                guest_import.preview, _owner(who), token, now=app.clock.now()
            )
        except NotFound:
            return {"step": "gone", "token": token}
        return {
            "step": "look",
            "token": token,
            "_digest": found.digest,
            **_reading(found.draft),
            **_lines(found, asked, self._lang(who)),
        }


def _owner(who: Viewer) -> Owner:
    return Owner(who.wedding_id, who.user_id)


def _reading(draft: Draft) -> dict[str, object]:
    """How the file is read."""
    columns, lines = draft.columns, draft.sheet.lines
    body = lines[columns.header : columns.header + 40]
    heads = lines[0].cells if columns.header else ()
    views = []
    for i, field in enumerate(columns.fields):
        cells = [line.cells[i] for line in body if i < len(line.cells)]
        sample = " · ".join(list(dict.fromkeys(filter(None, cells)))[:_SAMPLES])
        heading = heads[i] if i < len(heads) else ""
        if sample or heading:
            flat = " ".join(sample.split())[:_LONGEST_SAMPLE]
            views.append(
                ColumnView(
                    index=i, number=i + 1, heading=heading, sample=flat, field=field
                )
            )
    return {
        "filename": draft.filename,
        "columns": views,
        "named": draft.sheet.named,
        "header": columns.header,
        "side": columns.side.value,
        "guest_language": columns.language or "",
        "has_name": bool({Field.NAME, Field.FIRST, Field.LAST} & {*columns.fields}),
    }


def _lines(found: Preview, asked: Mapping[str, str], lang: str) -> dict[str, object]:
    """The page of lines that the address asks for; nonsense is the first page."""
    shown = asked.get("show", "")
    shown = shown if shown in set(Verdict) else ""
    lines = [one for one in found.plan.lines if shown in ("", one.verdict)]
    page = number_of(asked.get("page", ""))
    pages = max(1, -(-len(lines) // PAGE_SIZE))
    page = min(max(1, page), pages)
    start = (page - 1) * PAGE_SIZE
    some = lines[start : start + PAGE_SIZE]
    return {
        "counts": {kind.value: n for kind, n in found.plan.counts.items()},
        "total": len(found.plan.lines),
        "writes": found.writes,
        "shown": shown,
        "rows": [line_view(one, lang) for one in some],
        "first": start + 1 if some else 0,
        "last": start + len(some),
        "matching": len(lines),
        "previous": str(page - 1) if page > 1 else "",
        "following": str(page + 1) if page < pages else "",
    }
