"""pages: the Queue page's React components (pages/js/queue.jsx)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.i18n import tr
from wedding_wa.state.base import PageState


class _Queue(rx.Component):
    library = "$/utils/queue"


class _QueryLink(_Queue):
    tag = "QueryLink"
    to: rx.Var[dict[str, str]]


class _Search(_Queue):
    tag = "Search"
    label: rx.Var[str]


class _Calm(_Queue):
    tag = "Calm"
    on_hold: rx.EventHandler[lambda still: [still]]  # type: ignore[type-arg, valid-type]


class _CopyId(_Queue):
    tag = "CopyId"
    text: rx.Var[str]
    name: rx.Var[str]
    lang: rx.Var[str]


class _Rows(rx.Component):
    library = "$/utils/queue_rows"


class _Pick(_Rows):
    tag = "Pick"
    row_id: rx.Var[int]
    chosen: rx.Var[bool]
    label: rx.Var[str]
    on_choose: rx.EventHandler[lambda ids, on: [ids, on]]  # type: ignore[type-arg, valid-type]


class _PickPage(_Rows):
    tag = "PickPage"
    chosen: rx.Var[str]
    label: rx.Var[str]
    on_choose: rx.EventHandler[lambda on: [on]]  # type: ignore[type-arg, valid-type]


class _TryIn(_Rows):
    tag = "TryIn"
    at: rx.Var[str]
    n: rx.Var[int]
    most: rx.Var[int]
    lang: rx.Var[str]
    zone: rx.Var[str]


class _Words(_Rows):
    tag = "Words"
    text: rx.Var[str]
    limit: rx.Var[int]
    error: rx.Var[str]
    lang: rx.Var[str]


def pick(message_id: Any, *, chosen: Any, label: Any, on_choose: Any) -> rx.Component:
    """Return a row's checkbox; with Shift it means all rows since the last one.

    `on_choose(ids, on)` is told.
    """
    return _Pick.create(
        row_id=message_id, chosen=chosen, label=label, on_choose=on_choose
    )


def pick_page(*, chosen: Any, label: Any, on_choose: Any) -> rx.Component:
    """Return the checkbox of the whole page; `chosen` is "", "some" or "all"."""
    return _PickPage.create(chosen=chosen, label=label, on_choose=on_choose)


def try_in(at: Any, *, n: Any, most: Any) -> rx.Component:
    """Return "Try 3 of 4 in 2:10", counting down to the ISO moment `at` by itself."""
    return _TryIn.create(
        at=at, n=n, most=most, lang=PageState.lang, zone=PageState.time_zone
    )


def words_field(text: Any, *, limit: int, error: Any) -> rx.Component:
    """Return the field `text` of a form, with a counter and its error."""
    return _Words.create(text=text, limit=limit, error=error, lang=PageState.lang)


def query_link(*children: Any, to: dict[str, Any], **props: Any) -> rx.Component:
    """Return a link to this page with the parameters `to`; "" takes one out."""
    return _QueryLink.create(*children, to=to, **props)


def search_field(label: Any = None) -> rx.Component:
    """Return the search field, `label` says of what (messages); `/` goes to it."""
    return _Search.create(label=tr("queue.search") if label is None else label)


def calm(on_hold: Any) -> rx.Component:
    """Call `on_hold(True)` while somebody points at `data-calm`, else `False`."""
    return _Calm.create(on_hold=on_hold)


def copy_id(text: Any, *, name: Any) -> rx.Component:
    """Return an id, called `name`, that a click copies."""
    return _CopyId.create(text=text, name=name, lang=PageState.lang)
