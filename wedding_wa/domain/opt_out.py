"""domain: what a guest says about being written to: STOP, START, or perhaps STOP.

Only a message that is nothing but such a word, or one of the listed short phrases,
counts by itself; case, accents, punctuation, emoji and "please" do not matter. What
merely contains such a word is for a person to judge.

The words: `stop` is understood everywhere. The rest is what senders of SMS and
WhatsApp lists have taught people in each language (CTIA's and Canada's keywords, the
German ABMELDEN, the Spanish BAJA, the Brazilian SAIR), and what one says to somebody
who shall leave off. Left out as whole messages, because people mean other things by
them: de "halt" (wait!), es and pt "para" (for), fr "arrête" and it "smettila" (you are
joking), "cancel" and "annulla" (perhaps the seat at the table). Those are asked about.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

from wedding_wa.domain.guests import fold


@dataclass(frozen=True, slots=True)
class Stop:
    """They want no more messages."""


@dataclass(frozen=True, slots=True)
class Start:
    """They want messages again."""


@dataclass(frozen=True, slots=True)
class MentionsStop:
    """A word of the kind is in it; `word` is that word, as compared."""

    word: str


Wish: TypeAlias = Stop | Start | MentionsStop

#: A message with more words is never a Stop or a Start by itself.
MOST_WORDS = 8
# What is read of a message: nobody hides the word behind so much.
_READ = 4096

_STOP = """
stop; stopp; stop it; stop now; stop all; stopall; unsubscribe; unsubscribe me
opt out; optout; opt me out; stop messages; stop the messages; stop messaging
stop messaging me; stop texting; stop texting me; stop writing; stop writing me
stop writing to me; stop sending messages; stop sending me messages
no more messages; don't message me; don't message me anymore; don't text me
don't write to me; don't write to me anymore; do not message me; do not text me
do not write to me; remove me; remove me from the list; take me off the list
leave me alone

basta; basta messaggi; basta con i messaggi; basta con questi messaggi
stop messaggi; stop ai messaggi; disiscrivi; disiscrivimi; disiscrivetemi
disiscrizione; cancellami; cancellatemi; cancellami dalla lista
cancellatemi dalla lista; toglimi dalla lista; toglietemi dalla lista
non scrivermi; non scrivermi più; non scrivetemi; non scrivetemi più
non mandarmi più messaggi; non mandatemi più messaggi; niente più messaggi
non voglio più messaggi; non voglio più ricevere messaggi
non voglio ricevere messaggi; lasciami in pace; lasciatemi in pace

arrêt; arrêter; arrêtez; désabonner; désabonnez-moi; me désabonner; désinscription
désinscrire; désinscrivez-moi; désabonnement; plus de messages; stop messages
stop aux messages; arrêtez les messages; arrêtez de m'écrire; arrête de m'écrire
ne m'écrivez plus; ne m'écris plus; ne m'envoyez plus de messages
je ne veux plus de messages; retirez-moi de la liste; laissez-moi tranquille

parar; pare; parem; sair; descadastrar; descadastre-me; remover; me remova
parar mensagens; pare de me escrever; parem de me escrever; pare de mandar mensagens
parem de mandar mensagens; não me escreva mais; não me escrevam mais
não me mande mais mensagens; não me mandem mais mensagens; chega de mensagens
não quero mais mensagens; não quero receber mensagens; me tire da lista
cancelar subscrição; cancelar inscrição; me deixe em paz

alto; paren; baja; darme de baja; dame de baja; denme de baja; dar de baja
quiero darme de baja; no más mensajes; no me escribas; no me escribas más
no me escriban; no me escriban más; no me mandes más mensajes
no me manden más mensajes; no quiero más mensajes; no quiero recibir mensajes
deja de escribirme; dejen de escribirme; bórrame de la lista; sáquenme de la lista
déjenme en paz; déjame en paz

abmelden; abmeldung; abbestellen; austragen; aufhören; hör auf; hört auf
bitte aufhören; keine nachrichten; keine nachrichten mehr; stopp nachrichten
schreib mir nicht mehr; schreibt mir nicht mehr; nicht mehr schreiben
ich will keine nachrichten; ich möchte keine nachrichten
ich will keine nachrichten mehr; ich möchte keine nachrichten mehr
nehmt mich von der liste; lasst mich in ruhe; lass mich in ruhe
"""

_START = """
start; unstop; resume; subscribe; subscribe me; start again; opt in; optin
start messages; you can write to me again
riprendi; riprendete; ricomincia; ricominciate; iscrivimi; iscrivetemi
scrivimi pure; scrivetemi pure; potete riscrivermi
reprendre; reprenez; démarrer; recommencer; recommencez; me réabonner; réabonner
retomar; recomeçar; iniciar; começar; me inscreva; podem voltar a escrever
reanudar; empezar; comenzar; reiniciar; dar de alta; darme de alta
starten; anmelden; fortsetzen; weitermachen; schreibt mir wieder
"""

# Whole messages that may be meant so, or as a joke, or otherwise: asked about.
_PERHAPS = """
cancel; quit; end; enough; enough now; remove; revoke
annulla; cancella; smetti; smettila; smettetela; fermati; fermatevi; basta così
arrête; annuler; assez; ça suffit; fin; suffit
para; cancelar; chega; basta já; chega disso; fim
ya basta; ya está bien; detener; deténganse; cancelen
halt; anhalten; ende; es reicht; genug; schluss; löschen
"""

# Words said before or after; they change nothing.
_POLITE = """
please; pls; plz; thanks; thank you; ok; okay; sorry; hi; hello
per favore; per piacere; grazie; prego; scusa; scusate; ciao
s'il vous plaît; s'il te plaît; svp; stp; merci; bonjour; pardon; désolé; désolée
por favor; obrigado; obrigada; olá; desculpe; pf; pfv
gracias; hola; perdón; porfa
bitte; danke; hallo; sorry
"""

# In a longer message: words that hardly anybody uses for anything else …
_MENTIONS = """
stop; stopp; stopall; unsubscribe; unsubscribed; optout
disiscrivi; disiscrivimi; disiscrivetemi; disiscrivermi
désabonner; désinscription; désinscrire; descadastrar; abmelden; abbestellen
"""
# … and what is said of messages, in any wording.
_ABOUT_MESSAGES = re.compile(
    r"\b(?:"
    r"opt out|no more (?:messages|texts)|leave me alone|take me off|"
    r"(?:stop|quit) (?:messaging|texting|writing|sending|spamming)|"
    r"(?:don t|do not|dont) (?:message|text|write|contact)(?: to)? (?:me|us)|"
    r"basta (?:messaggi|con (?:i|questi|tutti)|scriver\w+|mandar\w+)|"
    r"non (?:scriv|mand|invi)\w+(?: \w+){0,2} piu|"
    r"(?:smett|finit|piant)\w+ (?:di|con) (?:scriv|mand|invi|quest)\w*|"
    r"non vogli\w+(?: \w+){0,2} messaggi|lasciat?e?mi in pace|"
    r"ne (?:m |nous )?(?:ecri|envo)\w+(?: \w+){0,2} plus|plus de messages?|"
    r"arrete[rz]?(?: \w+)? (?:de|d) (?:m |nous |me )?(?:ecri|envo)\w+|"
    r"laisse[rz]? (?:moi|nous) tranquilles?|"
    r"(?:nao|no) (?:me|nos) (?:escrev|escrib)\w+|chega de mensagens|"
    r"(?:nao|no) (?:me|nos) (?:mand|envi)\w+(?: \w+)? (?:mensa\w+|mas|mais)|"
    r"(?:pare|parem|para|deja|dejen|deje) de (?:me |nos )?(?:escr|mand|envi)\w+|"
    r"no (?:quiero|queremos)(?: \w+){0,2} mensajes|"
    r"nao (?:quero|queremos)(?: \w+){0,2} mensagens|"
    r"(?:dar|dar me|darme|dame|denme) de baja|(?:dejen?me|me deixem?) en? ?m? paz|"
    r"keine (?:weiteren )?nachrichten|schreibt? (?:mir|uns) nicht|"
    r"nicht mehr (?:an)?schreiben|hort? (?:bitte )?auf (?:mir|mit|uns)|"
    r"lass(?:t)? (?:mich|uns) in ruhe"
    r")\b"
)
# Everyday words around "stop" that have nothing to do with messages.
_HARMLESS = re.compile(
    r"\b(?:non ?stop|(?:bus|tram|train|taxi|coach|metro|pit|last|first|next|one|full) "
    r"stop|stops? (?:by|over|off|at|in|for)|"
    r"(?:can t|cannot|cant|couldn t|won t|wont|don t|dont|never|not|no) stop(?!\w)"
    r"(?! (?:messag|text|writ|send))|stop (?:smiling|crying|laughing|dancing|thinking))"
)

_ANY_WORD = re.compile(r"[^\W_]+")


def classify(text: str) -> Wish | None:
    """Say what a message says about being written to; None: nothing at all."""
    words = _words(text)
    if not words:
        return None
    if len(words) <= MOST_WORDS and (wish := _whole(words)) is not None:
        return wish
    return _mention(" ".join(words))


def _words(text: str) -> list[str]:
    """The words as they are compared; one said several times in a row counts once."""
    seen = "".join(c for c in text[:_READ] if unicodedata.category(c) != "Cf")
    found: list[str] = _ANY_WORD.findall(fold(seen))
    return [
        word
        for place, word in enumerate(found)
        if not place or word != found[place - 1]
    ]


def _whole(words: list[str]) -> Wish | None:
    """What the message as a whole is, with or without what is said for politeness."""
    for said in (" ".join(words), " ".join(_bare(words))):
        if said in _STOPS:
            return Stop()
        if said in _STARTS:
            return Start()
        if said in _UNSURE:
            return MentionsStop(said)
    return None


def _bare(words: list[str]) -> list[str]:
    """Without polite words at either end."""
    left = list(words)
    while left:
        size = _polite_at(left) or -_polite_at(left, from_end=True)
        if not size:
            break
        left = left[size:] if size > 0 else left[:size]
    return left


def _polite_at(words: list[str], *, from_end: bool = False) -> int:
    """How many words of politeness stand at one end."""
    for size in range(min(_LONGEST_POLITE, len(words)), 0, -1):
        part = words[-size:] if from_end else words[:size]
        if " ".join(part) in _POLITENESS:
            return size
    return 0


def _mention(said: str) -> MentionsStop | None:
    about = _ABOUT_MESSAGES.search(said)
    if about is not None:
        return MentionsStop(about[0])
    for word in _ANY_WORD.findall(_HARMLESS.sub(" ", said)):
        if word in _WORDS_APART:
            return MentionsStop(word)
    return None


def _listed(lines: str) -> frozenset[str]:
    phrases = re.split(r"[;\n]", lines)
    return frozenset(" ".join(_words(one)) for one in phrases if one.strip())


_STOPS = _listed(_STOP)
_STARTS = _listed(_START)
_UNSURE = _listed(_PERHAPS)
_WORDS_APART = _listed(_MENTIONS)
_POLITENESS = _listed(_POLITE)
_LONGEST_POLITE = max(len(one.split()) for one in _POLITENESS)
