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
