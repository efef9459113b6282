"""build: what we add to Reflex's frontend build.

Reflex writes the server's address into the JavaScript. `SameOrigin` takes it out, so
that one build serves any port, host and proxy. `Words` brings the catalogues and our
few React components in.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reflex_base.plugins import Plugin

from wedding_wa.words import DEFAULT_LANGUAGE, catalogue, languages

# The address Reflex is told; it never leaves the build.
SENTINEL_URL = "http://wedding-wa-same-origin.invalid"
CSP_FILE = "csp.json"

_URL = re.compile(r"([`\"'])(?:http|ws)://wedding-wa-same-origin\.invalid(/.*?)\1")
_LOCAL_HOSTS = re.compile(r"\[([`\"'])localhost\1,\1(?:[\w.:]+)\1(?:,\1[\w.:]+\1)*\]")
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_GUESSED_THEME = 'defaultTheme !== "system" ? defaultTheme : "light",'
_PAINTED_THEME = (
    '() => globalThis.document?.documentElement.classList.contains("dark") '
    '? "dark" : "light",'
)
_JS = Path(__file__).parent.parent / "pages" / "js"


class SameOrigin(Plugin):
    """Makes the built pages talk to whatever host they were loaded from."""

    def post_build(self, **context: Any) -> None:
        """Rewrite addresses and store the hashes of inline scripts for the CSP.

        Raises RuntimeError when Reflex's output no longer holds the address: then
        this plugin has to be looked at before anything is served.
        """
        static = Path(context["static_dir"])
        changed = [_rewrite(path) for path in static.glob("assets/*.js")]
        if not any(changed):
            raise RuntimeError("The server's address was not found in the build.")
        hashes = sorted({h for page in static.glob("*.html") for h in _hashes(page)})
        (static.parent / CSP_FILE).write_text(json.dumps(hashes), encoding="utf-8")


class NoFlash(Plugin):
    """Lets Reflex begin with the theme that its own head script has already set.

    As it comes, the first frame is light whatever the system says.
    """

    def pre_compile(self, **context: Any) -> None:
        """Ask for the change; it is made when the files are written."""
        context["add_modify_task"]("utils/react-theme.js", _begin_as_painted)


class Words(Plugin):
    """Writes the catalogues and `pages/js/*` into the build."""

    def get_static_assets(self, **_context: Any) -> Sequence[tuple[Path, str]]:
        """Return the modules under `$/utils/`: `words_data.js` and our own."""
        words = {lang: dict(catalogue(lang)) for lang in languages()}
        data = (
            f"export const words = {json.dumps(words, ensure_ascii=False)};\n"
            f"export const fallback = {json.dumps(DEFAULT_LANGUAGE)};\n"
        )
        own = [
            (Path("utils") / path.name, path.read_text(encoding="utf-8"))
            for path in sorted(_JS.glob("*.js*"))
        ]
        return [(Path("utils/words_data.js"), data), *own]


def _begin_as_painted(source: str) -> str:
    changed = source.replace(_GUESSED_THEME, _PAINTED_THEME)
    if _PAINTED_THEME not in changed:
        raise RuntimeError("Reflex's theme module has changed: look at NoFlash.")
    return changed


def _rewrite(path: Path) -> bool:
    source = path.read_text(encoding="utf-8")
    text, addresses = _URL.subn(r"`${globalThis.location?.origin}\2`", source)
    # Reflex takes the port off when it replaces these hosts under https.
    text = _LOCAL_HOSTS.sub("[]", text)
    if text != source:
        path.write_text(text, encoding="utf-8")
    return addresses > 0


def _hashes(page: Path) -> list[str]:
    scripts = _INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
