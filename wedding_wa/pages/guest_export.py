"""pages: the links that download guests as a file; for the guest list's page."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_base.vars.function import FunctionStringVar

from wedding_wa.pages.i18n import tr

_encode: FunctionStringVar[Any] = FunctionStringVar.create("encodeURIComponent")


def export_links(search: Any = "") -> rx.Component:
    """Return the links to CSV and Excel of everybody who matches `search` ("": all)."""
    encoded = _encode.call(rx.Var.create(search)).to(str)
    return rx.el.div(
        rx.icon("download", size=17, aria_hidden="true"),
        rx.el.span(tr("guest_import.export.label"), class_name="export-word"),
        *[_link(kind, encoded) for kind in ("csv", "xlsx")],
        class_name="export-links",
        role="group",
        aria_label=tr("guest_import.export.title"),
    )


def download_link(*words: Any, href: Any, **props: Any) -> rx.Component:
    """Return a link to a file. The browser fetches it: the pages' own router would
    look for a page of that name."""
    attrs = {"reloadDocument": True, **props.pop("custom_attrs", {})}
    return rx.el.a(*words, href=href, download=True, custom_attrs=attrs, **props)


def _link(kind: str, encoded: rx.Var[str]) -> rx.Component:
    return download_link(
        tr(f"guest_import.export.{kind}"),
        href=rx.Var.create(f"/api/guests/export.{kind}?q={encoded}"),
        class_name="text-button",
        custom_attrs={"data-export": kind},
    )
