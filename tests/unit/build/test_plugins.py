"""The build's plugins: one build for every address, and a policy that fits it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from wedding_wa.build.plugins import CSP_FILE, NoFlash, SameOrigin, Words
from wedding_wa.words import languages, say

CHUNK = (
    "var e={EVENT:`http://wedding-wa-same-origin.invalid/_event`,"
    'PING:"http://wedding-wa-same-origin.invalid/ping"},'
    "h=[`localhost`,`0.0.0.0`,`::`,`0:0:0:0:0:0:0:0`];"
)
PAGE = '<html><script>let a = 1;\n</script><script src="/x.js"></script></html>'


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A build as Reflex leaves it, as small as it can be."""
    folder = tmp_path / "client"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "env.js").write_text(CHUNK)
    (folder / "assets" / "other.js").write_text("let x = 'http://example.org/a'")
    (folder / "index.html").write_text(PAGE)
    return folder


def test_the_server_is_found_where_the_page_came_from(static: Path) -> None:
    """No address of the build machine stays: any host, port and proxy will do."""
    SameOrigin().post_build(static_dir=static)
    text = (static / "assets" / "env.js").read_text()
    assert "EVENT:`${globalThis.location?.origin}/_event`" in text
    assert "PING:`${globalThis.location?.origin}/ping`" in text
    assert "invalid" not in text
    assert "h=[];" in text  # these hosts would lose their port under https
    assert "example.org" in (static / "assets" / "other.js").read_text()


def test_inline_scripts_are_allowed_by_their_hash(static: Path) -> None:
    """Only the scripts that were built run; the hash is that of the exact text."""
    SameOrigin().post_build(static_dir=static)
    digest = base64.b64encode(hashlib.sha256(b"let a = 1;\n").digest()).decode()
    stored = json.loads((static.parent / CSP_FILE).read_text())
    assert stored == [f"'sha256-{digest}'"]


def test_a_build_without_the_address_is_refused(static: Path) -> None:
    """Should Reflex write its address otherwise, the build fails, not the browser."""
    (static / "assets" / "env.js").write_text("var e={}")
    with pytest.raises(RuntimeError, match="address"):
        SameOrigin().post_build(static_dir=static)


def test_every_language_is_in_the_build() -> None:
    """The browser gets all catalogues, so that a switch needs no server."""
    files = dict(Words().get_static_assets())
    data = files[Path("utils/words_data.js")]
    words = json.loads(data.partition(" = ")[2].partition(";\n")[0])
    assert set(words) == set(languages())
    assert words["it"]["common.back"] == say("it", "common.back")
    assert {path.suffix for path in files} == {".js", ".jsx"}


def test_the_theme_module_of_this_reflex_is_the_one_we_change() -> None:
    """The first frame has the right theme; a new Reflex must be looked at."""
    import reflex_base

    template = Path(reflex_base.__file__).parent / ".templates/web/utils/react-theme.js"
    asked: list[tuple[str, object]] = []
    NoFlash().pre_compile(add_modify_task=lambda path, fn: asked.append((path, fn)))
    [(path, change)] = asked
    assert path == "utils/react-theme.js"
    assert callable(change)
    once = change(template.read_text())
    assert "classList.contains" in once
    assert change(once) == once  # an old .web holds the changed file already
    with pytest.raises(RuntimeError):
        change("something else")
