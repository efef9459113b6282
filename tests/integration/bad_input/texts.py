"""What people, programs and files put where a text is wanted, and what it becomes."""

from __future__ import annotations

_MARKED = "\u202bمرحبا\u202c \u200fשלום\u200e"
_FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"

# Kept to the last mark.
VERBATIM: dict[str, str] = {
    "emoji with joiners": f"Auguri {_FAMILY} \U0001f3f3\ufe0f\u200d\U0001f308",
    "right to left": _MARKED,
    "turned round": "invito\u202egpj.exe\u202c",
    "four bytes": "\U0001d54f\U0001f600 \U0002070e",
    "combining": "Zo\u0308e Ź̶͎̈́͗a̷̧̺̒͠l̸̹̿g̵͚̔o̴̹͌",
    "zero width within": "Zia\u200b\u2060\u200dCarla\ufeff!",
    "tabs and lines": "uno\tdue\n\n\ntre",
    "4096 characters": "x" * 4096,
    "4096 of four bytes": "\U0001f600" * 4096,
    "SQL": "'); DROP TABLE queue_message; --",
    "a script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "an entity": 'a &lt; b &amp; c &#x27; "d"',
    "markdown": "*b* _i_ ~s~ `c` [l](javascript:alert(1)) # T",
    "rich markup": "[red]zia[/red] [link=http://x]y[/link] \\[b]",
    "placeholders": "{name} {0} {} %s %(x)s ${HOME} {{7*7}} $(id)",
    "a long number": "9" * 400,
    "equals": '=HYPERLINK("http://x";"y")',
    "plus": "+39+1",
    "minus": "-1+2",
    "at": "@SUM(A1:A9)",
    "words of machines": "NaN null undefined true -Infinity \\u0000 \\n",
}

# Typed on the left, kept as on the right: what nobody sees or what breaks chats goes.
CLEANED: dict[str, tuple[str, str]] = {
    "controls": ("Ci\x00ao\x07 \x1b[31mzia\x7f\x85!", "Ciao [31mzia!"),
    "halves of characters": ("Ciao \ud83d zia \udc00!", "Ciao  zia !"),
    "line ends": ("uno\r\ndue\rtre", "uno\ndue\ntre"),
    "TAB before": ("\t=1+1", "=1+1"),
    "CR before": ("\r@x", "@x"),
    "spaces around": (" \n Ciao \n ", "Ciao"),
    "4096 and spaces": (" " * 9 + "y" * 4096, "y" * 4096),
}

EMPTY: dict[str, str] = {
    "nothing": "",
    "spaces": " \t\r\n \u00a0\u2003\u2028",
    "zero width only": "\u200b\u200c\u200d\u2060\ufeff",
    "bidi marks only": "\u202e\u202c\u200f",
    "controls only": "\x00\x01\x1b\x7f\x9f",
    "halves only": "\ud83d",
}
LONG: dict[str, str] = {
    "4097 characters": "x" * 4097,
    "4097 of four bytes": "\U0001f600" * 4097,
    "65,536 characters": "x" * 65_536,
}

# What comes of each at every door: the text as it is kept, or what the refusal says.
EMPTY_SAYS, LONG_SAYS = "Write a few words", "At most 4096"
TYPED: dict[str, str] = {
    **VERBATIM,
    **{name: typed for name, (typed, _) in CLEANED.items()},
    **EMPTY,
    **LONG,
}
# One of each kind, for doors that take their time.
SAMPLE: dict[str, str] = {
    name: TYPED[name]
    for name in (
        "emoji with joiners",
        "right to left",
        "4096 of four bytes",
        "a script",
        "equals",
        "controls",
        "halves of characters",
        "line ends",
        "zero width only",
        "controls only",
        "4097 of four bytes",
        "65,536 characters",
    )
}


def expected(name: str) -> str:
    """The text that is kept, or the heart of the sentence that refuses it."""
    if name in EMPTY:
        return EMPTY_SAYS
    if name in LONG:
        return LONG_SAYS
    return VERBATIM.get(name) or CLEANED[name][1]


def refusal(said: str) -> str:
    """The heart of a sentence that refuses a text; else the whole sentence."""
    return next((one for one in (EMPTY_SAYS, LONG_SAYS) if one in said), said)


def differing(found: dict[str, str]) -> dict[str, tuple[str, str]]:
    """What was not as expected: by name what came of it, and what should have."""
    assert set(found) <= set(TYPED)
    return {
        name: (_short(came), _short(expected(name)))
        for name, came in found.items()
        if came != expected(name)
    }


def _short(text: str) -> str:
    return ascii(text if len(text) < 400 else f"{text[:400]}… {len(text)}")
