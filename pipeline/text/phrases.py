"""Phrases by which people and models say that something went wrong.

In: nothing. Out: compiled patterns, each anchored at the beginning of a sentence where the phrase
would otherwise be ambiguous. Next: the symptom detectors.
"""

import re

# ruff: noqa: E501  (one phrase a line reads better than a wrapped one)

_START = r"(?:^|(?<=[.!?\n] )|(?<=[.!?\n]))\W*(?:(?:no|nope|sorry|wait|hold on|hmm|but|actually|hey|excuse me|i think|i believe|i'm afraid|well|nein|non)\b[\s,.!-]*){0,3}"

CORRECTS = re.compile(
    _START
    + r"""(?:
      (?:that(?:'s|\ is)|this\ is|it'?s|you(?:'re|\ are)|your\ \w+\ is|those\ are|these\ are)\ (?:still\ |just\ |really\ |actually\ |also\ )?
        (?:not\ (?:right|correct|true|accurate|what\ i\b|my\ \w+|the\ (?:right|correct|one))|wrong|incorrect|mistaken)
    | that\ (?:is|was)(?:n't|\ not)\ (?:right|correct|what\ i\b|my\b)
    | that\ does(?:n't|\ not)\ (?:look|seem|sound)\ (?:right|correct)
    | you(?:'ve|\ have)?\ (?:misunderstood|misread|got\ (?:it|that|this)\ wrong|made\ (?:a\ |an\ )?(?:mistake|error)|mixed\ up|confused|ignored|(?:did|have)(?:n't|\ not)\ (?:answer|listen|read|understand)\w*)
    | i\ (?:already|clearly|just)\ (?:said|told\ you|asked\ (?:for|you)|gave\ you|answered)
    | i\ (?:said|told\ you|meant|asked\ for)\b(?!\ (?:yes|thank))
    | (?:there(?:'s|\ is|\ has\ been|\ must\ be|\ seems\ to\ be|\ might\ be)\ (?:been\ )?(?:a|an|some)\ (?:mistake|misunderstanding|error|mix-?up))
    | das\ (?:ist|war)\ (?:falsch|nicht\ (?:richtig|was\ ich)) | das\ stimmt\ nicht | ich\ (?:habe|hatte)\ (?:doch\ |bereits\ )?gesagt
    | c'est\ (?:faux|incorrect|pas\ (?:ça|ce\ que)) | ce\ n'est\ pas\ (?:ça|correct|ce\ que) | j'ai\ (?:déjà\ )?dit
    | eso\ (?:no\ es|est[áa]\ mal) | no\ es\ (?:correcto|lo\ que) | (?:ya\ )?(?:te|le)\ dije
    )""",
    re.IGNORECASE | re.VERBOSE,
)

GIVES_UP = re.compile(
    r"""\b(?:
      (?<!\bi\ )never\ ?mind\b(?!\ (?:the|about\ the)) | forget\ (?:it|about\ (?:it|this|that))\b(?!\ to) | i\ give\ up | i'm\ giving\ up
    | this\ is\ (?:useless|hopeless|pointless|ridiculous|a\ waste\ of\ (?:my\ )?time|going\ nowhere)
    | you(?:'re|\ are)\ (?:useless|no\ help|not\ helping|not\ being\ helpful)
    | i(?:'ll|\ will|'m\ going\ to)\ (?:just\ )?(?:call|phone|ring|ask)\ (?:someone|somebody|them|support|customer\ (?:service|support)|the\ (?:hotline|office|company|bank|airline))
    | i(?:'ll|\ will|'d\ rather)\ (?:just\ )?(?:do\ (?:it|this|that)|handle\ (?:it|this)|figure\ (?:it|this)\ out|sort\ (?:it|this)\ out)\ (?:by\ )?myself
    | i(?:'ll|\ will)\ (?:just\ )?(?:go|look|try|take\ my\ business)\ (?:somewhere\ else|elsewhere)
    | vergiss\ es | vergessen\ sie\ es | ich\ gebe\ auf | laisse(?:z)?\ tomber | j'abandonne | olv[íi]dalo | me\ rindo
    )""",
    re.IGNORECASE | re.VERBOSE,
)

REFUSES = re.compile(
    r"""(?:
      \b(?:i|we)(?:'m|\ am|'re|\ are)?\ (?:really\ |very\ |so\ |truly\ )?(?:sorry|afraid|apologi[sz]e)?[\s,.;:]*(?:but\ )?(?:unfortunately,?\ )?(?:that\ )?
        (?:i\ |we\ )?(?:can(?:not|'t|\ not)|am\ (?:unable|not\ able)\ to|'m\ (?:unable|not\ able)\ to|are\ (?:unable|not\ able)\ to|unable\ to|won't|will\ not|must\ decline\ to)\ (?:be\ able\ to\ )?
        (?:help|assist|comply|answer|do\ that|do\ this|continue|discuss|fulfil\w*|respond|engage|participate)\b
    | \bas\ an?\ (?:ai|artificial\ intelligence|(?:large\ )?language\ model)\b[^.]{0,40}\b(?:can(?:not|'t)|unable|not\ able)
    | \b(?:against|violates?)\ my\ (?:guidelines|programming|policies|policy)\b
    | \bdas\ kann\ ich\ (?:leider\ )?nicht\ (?:tun|beantworten) | \bdabei\ kann\ ich\ (?:leider\ )?nicht\ helfen
    | \bje\ ne\ peux\ pas\ (?:vous\ )?aider | \bno\ puedo\ ayudar
    )""",
    re.IGNORECASE | re.VERBOSE,
)

TOOL_ERROR = re.compile(
    r"""\A\s*(?:
      ["']?(?:\w+\.)*\w*(?:error|exception|failure|traceback|fault)\b["']?\s*(?:[:\-(\[]|\s+\d{3}\b|occurred|while|executing|invoking|\Z)
    | ["'\[]?(?:fail(?:ed|ure)|unable|could\ not|couldn't|cannot|can't)\b
    | (?:http(?:/[\d.]+)?\s*)?(?:status\s*(?:code)?\s*[:=]?\s*)?[45]\d\d\b\s*[:\-]?\s*(?:error|internal|bad|not|unauthor|forbidden|service|gateway|too|server|client|request|\Z)
    | traceback\ \(most\ recent
    | (?:request|connection|operation|read|tool|call|query)\s+(?:has\ )?(?:timed\ ?out|timeout|failed|refused|reset|aborted)
    | time[d\-\ ]?\ ?out\b
    | (?:no|0)\ (?:results?|records?|matches|rows|entries|data|documents?)\ (?:were\ )?(?:found|returned|available)
    | (?:\w+\ ){0,5}not\ found\b[.!]?\s*\Z
    | (?:permission|access)\ denied | unauthori[sz]ed\b | forbidden\b | (?:rate\ limit|quota)\ (?:exceeded|reached)
    | fehler\b | erreur\b | service\ unavailable | internal\ server\ error | invalid\ (?:\w+\ ){0,3}(?:argument|request|input|parameter|id|key)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""A tool result that is an error by its first words."""

ERROR_KEYS = frozenset(
    {"error", "errors", "exception", "error_message", "errormessage", "traceback", "fault"}
)
ERROR_STATES = frozenset(
    {"error", "failed", "failure", "timeout", "unavailable", "not_found", "exception"}
)
