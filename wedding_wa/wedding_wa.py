"""The Reflex app: a parts list. Importing it starts nothing."""

import functools
from pathlib import Path

import reflex as rx
from reflex.utils.prerequisites import get_web_dir

from wedding_wa.api.app import create_api
from wedding_wa.api.headers import SecurityHeaders, TrailingSlash
from wedding_wa.build.plugins import CSP_FILE


def index() -> rx.Component:
    return rx.heading("hello")


app = rx.App(
    api_transformer=[
        create_api(),
        TrailingSlash,
        functools.partial(
            SecurityHeaders, csp_file=Path(get_web_dir()) / "build" / CSP_FILE
        ),
    ],
)
app.add_page(index, route="/")
