"""pages: words in the reader's language, looked up in the browser.

    rx.text(tr("queue.title"))
    rx.button(tr("queue.retry_failed", n=QueueState.failed))
    rx.text(tr_of("state", row["state"]))       # key "state.<value>"

Both languages are in the build; a switch sends one short variable. Until the server
has told the language, `<html lang>` counts, which the head script sets before paint.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_base.utils.imports import ImportVar
from reflex_base.vars import VarData
from reflex_base.vars.function import FunctionStringVar

from wedding_wa.state.base import PageState
from wedding_wa.words import languages

_say: FunctionStringVar[Any] = FunctionStringVar.create(
    "say", _var_data=VarData(imports={"$/utils/words": [ImportVar(tag="say")]})
)


def tr(key: str, /, **params: Any) -> rx.Var[str]:
    """Return the sentence `key`; `params` may be variables, `n` chooses the plural."""
    return _call(rx.Var.create(key), params)


def tr_of(family: str, name: Any, /, **params: Any) -> rx.Var[str]:
    """Return the sentence `family.name`, where `name` is known only in the browser."""
    key = rx.Var.create(f"{family}.") + rx.Var.create(name).to(str)
    return _call(key, params)


def tr_key(key: Any, /, **params: Any) -> rx.Var[str]:
    """Return the sentence whose whole key is known only in the browser."""
    return _call(rx.Var.create(key).to(str), params)


def _call(key: rx.Var[Any], params: dict[str, Any]) -> rx.Var[str]:
    said = _say.call(PageState.lang, key, rx.Var.create(params))
    result: rx.Var[str] = said.to(str)
    return result


def head_script() -> rx.Component:
    """Put language and theme on `<html>` before anything is painted.

    The language is the cookie that a choice leaves behind, else the browser's.
    """
    known = "|".join(languages())
    return rx.el.script(
        "(()=>{"
        f"const known=/^({known})\\b/;"
        "const chosen=document.cookie.match(/(?:^|; )lang=(\\w+)/)?.[1];"
        "const wishes=[chosen,...(navigator.languages||[])];"
        "const lang=wishes.find(w=>w&&known.test(w));"
        "document.documentElement.lang=(lang||'en').slice(0,2);"
        "})()"
    )
