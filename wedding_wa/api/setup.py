"""api: the one-time setup page: the wedding, its places and the first owner."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup
from phonenumbers import country_code_for_region

from wedding_wa import runtime
from wedding_wa.api import pages_html as html
from wedding_wa.api.forms import fields
from wedding_wa.api.login import logged_in
from wedding_wa.domain.errors import BadInput, Refused
from wedding_wa.services import passwords, places, users, weddings
from wedding_wa.services.weddings import NewWedding
from wedding_wa.words import say
from wedding_wa.words.countries import countries

router = APIRouter()

AFTERWARDS = "/accounts"

_CHECKS: dict[str, Callable[[str], Any]] = {
    "groom_name": lambda text: weddings.checked_name(text, "groom_name"),
    "bride_name": lambda text: weddings.checked_name(text, "bride_name"),
    "day": weddings.checked_day,
    "default_country": places.checked_country,
    "time_zone": places.checked_zone,
    "email": users.checked_email,
    "password": passwords.checked_password,
}
_Texts = dict[str, str]


@router.get("/setup")
async def show(request: Request) -> Response:
    """The form, for whoever has the link from the terminal, until it is used."""
    refusal = await _refusal(request)
    return refusal or _form(request, _guesses(request), {})


@router.post("/setup")
async def set_up(request: Request) -> Response:
    """Make everything at once, log in, go on to the accounts."""
    if refusal := await _refusal(request):
        return refusal
    texts = await fields(request)
    values, wrong = _checked(texts)
    if wrong:
        return _form(request, texts, wrong)
    try:
        owner = await _create(values, html.language(request))
    except BadInput as error:
        return _form(request, texts, {error.field: error})
    except Refused:
        return _used(request)
    return await logged_in(request, owner, AFTERWARDS)


async def _create(values: dict[str, Any], language: str) -> int:
    app = runtime.current()
    new = NewWedding(
        groom_name=values["groom_name"],
        bride_name=values["bride_name"],
        day=values["day"],
        time_zone=values["time_zone"],
        default_country=values["default_country"],
    )
    return await app.db.write(
        weddings.set_up,
        new,
        email=values["email"],
        password=values["password"],
        language=language,
        now=app.clock.now(),
    )


async def _refusal(request: Request) -> HTMLResponse | None:
    app = runtime.current()
    if await app.db.read(weddings.first_owner_exists):
        return _used(request)
    given = request.query_params.get("token", "")
    right = weddings.setup_token(app.sealer)
    if not hmac.compare_digest(given.encode(), right.encode()):
        return html.message(request, "setup.title", "setup.wrong_link", status=403)
    return None


def _used(request: Request) -> HTMLResponse:
    link = ("/login", "login.submit")
    return html.message(request, "setup.title", "setup.used", link=link, status=410)


def _checked(texts: _Texts) -> tuple[dict[str, Any], dict[str, BadInput]]:
    """Return what every field means, and every field that is wrong."""
    values: dict[str, Any] = {}
    wrong: dict[str, BadInput] = {}
    for name, check in _CHECKS.items():
        try:
            values[name] = check(texts.get(name, ""))
        except BadInput as error:
            wrong[name] = error
    same = texts.get("password", "") == texts.get("password_again", "")
    if "password" not in wrong and not same:
        wrong["password_again"] = BadInput("error.password_differs", "password_again")
    return values, wrong


def _guesses(request: Request) -> _Texts:
    """What the browser's languages and this machine's clock make likely."""
    spoken = places.country_in(request.headers.get("accept-language", ""))
    zone = places.machine_zone()
    country = spoken or (places.country_of(zone) if zone else None)
    if country and not (zone and places.country_of(zone) == country):
        zone = places.zone_of(country)
    return {"default_country": country or "", "time_zone": zone or ""}


def _form(request: Request, texts: _Texts, wrong: dict[str, BadInput]) -> HTMLResponse:
    lang = html.language(request)
    body = html.fill(
        "setup.html",
        lead=say(lang, "setup.lead"),
        problem=html.problem(say(lang, "setup.look_again") if wrong else ""),
        action=f"/setup?{request.url.query}",
        couple=say(lang, "setup.couple"),
        place=say(lang, "setup.place"),
        login=say(lang, "setup.login"),
        submit=say(lang, "setup.submit"),
        **_controls(lang, texts, wrong),
    )
    return html.page(
        request,
        title=say(lang, "setup.title"),
        body=body,
        wide=True,
        status=422 if wrong else 200,
    )


def _controls(
    lang: str, texts: _Texts, wrong: dict[str, BadInput]
) -> dict[str, Markup]:
    errors = {name: say(lang, e.code, **e.params) for name, e in wrong.items()}
    first = next(iter(wrong), "groom_name")

    def text(name: str, **more: Any) -> Markup:
        return html.text_field(
            name,
            say(lang, f"setup.{name}"),
            value=texts.get(name, ""),
            error=errors.get(name, ""),
            autofocus=name == first,
            **more,
        )

    def choice(name: str, groups: html.Groups, hint: str) -> Markup:
        return html.choice_field(
            name,
            say(lang, f"setup.{name}"),
            groups,
            value=texts.get(name, ""),
            placeholder=say(lang, "setup.choose"),
            error=errors.get(name, ""),
            hint=say(lang, hint),
            autofocus=name == first,
        )

    secret: dict[str, Any] = {
        "kind": "password",
        "autocomplete": "new-password",
        "minlength": passwords.SHORTEST,
    }
    return {
        "groom_name": text("groom_name", autocomplete="off"),
        "bride_name": text("bride_name", autocomplete="off"),
        "day": text("day", kind="date", optional=say(lang, "setup.optional")),
        "default_country": choice(
            "default_country", [("", _countries(lang))], "setup.country_hint"
        ),
        "time_zone": choice("time_zone", places.zones_by_region(), "setup.zone_hint"),
        "email": text("email", kind="email", autocomplete="username"),
        "password": text(
            "password",
            hint=say(lang, "setup.password_hint", n=passwords.SHORTEST),
            **secret,
        ),
        "password_again": text("password_again", **secret),
    }


def _countries(lang: str) -> list[tuple[str, str]]:
    return [
        (code, f"{name} (+{country_code_for_region(code)})")
        for code, name in countries(lang)
    ]
