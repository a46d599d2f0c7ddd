"""Pure: what is replaced before anything is stored.

In: the bytes of an OTLP request or of a signal as they came. Out: `Redactor`, `Redacted`. Next:
`exporter.receiver` and `exporter.http` decode what comes out, and count.

Ids by which things are told apart are treated with more care, see `docs/operations/redaction.md`: a
session or project is replaced for a secret only, by a mark that tells different secrets apart; so are
users, for all families. The same text always gets the same mark, so a signal finds its session.
"""

import json
from collections import Counter
from typing import Any, NamedTuple

from exporter.baggage import PROJECT_KEY
from exporter.decode import SESSION_KEYS
from exporter.redact_named import RULE as NAMED_RULE
from exporter.redact_personal import custom_rules, personal_rules
from exporter.redact_rules import SECRETS, RedactSettings
from exporter.redact_secrets import RULES
from exporter.redact_text import TextRedactor, telling_mark
from exporter.redact_wire import WireRedactor
from pipeline.conventions.session_facts import USER_KEYS


class Redacted(NamedTuple):
    """The bytes to go on with, and how many places were replaced, by kind."""

    body: bytes
    counts: Counter[str]


class Redactor:
    """Stateless but for compiled patterns; may be used from several threads."""

    def __init__(self, settings: RedactSettings) -> None:
        secrets = (*RULES, NAMED_RULE) if SECRETS in settings.families else ()
        personal = personal_rules(settings.families, settings.phone_region)
        rules = (*secrets, *personal, *custom_rules(settings.patterns))
        self.active = bool(rules)
        self._texts = TextRedactor(rules)
        self._routes = TextRedactor(secrets, telling_mark)
        self._users = TextRedactor(rules, telling_mark)
        self._apart: dict[str, TextRedactor] = {
            **dict.fromkeys((*SESSION_KEYS, PROJECT_KEY), self._routes),
            **dict.fromkeys(USER_KEYS, self._users),
        }
        wired = {key.encode(): texts for key, texts in self._apart.items()}
        self._wire = WireRedactor(self._texts, wired)

    def redact(self, body: bytes) -> Redacted:
        """The bytes of an `ExportTraceServiceRequest`; log records have become spans before."""
        counts: Counter[str] = Counter()
        if not self.active:
            return Redacted(body, counts)
        return Redacted(self._wire.request(body, counts), counts)

    def finds(self, body: bytes) -> bool:
        """Whether there may be something to replace: that takes longer than to see that there is not."""
        return self.active and self._texts.scanner.hits(body)

    def redact_signal(self, body: bytes) -> Redacted:
        """The JSON body of a signal; what is no JSON is left for its reader to refuse."""
        if not self.active:
            return Redacted(body, Counter())
        try:
            document: Any = json.loads(body)
        except (ValueError, RecursionError):
            return Redacted(body, Counter())
        if not isinstance(document, dict):
            return Redacted(body, Counter())
        counts: Counter[str] = Counter()
        texts: dict[str, Any] = {}
        for name, value in document.items():
            texts[name] = self._field(name, value, counts)
        return Redacted(json.dumps(texts).encode() if counts else body, counts)

    def redact_id(self, text: str) -> str:
        """What the id of a session or project becomes."""
        return self._routes.text(text.encode(), Counter()).decode()

    def redact_user(self, text: str) -> str:
        """What the id of a user becomes."""
        return self._users.text(text.encode(), Counter()).decode()

    def _field(self, name: str, value: Any, counts: Counter[str]) -> Any:
        if name in ("trace_id", "kind", "source", "id"):
            return value
        texts = self._apart.get(name, self._texts)
        return texts.value(value, counts, name)
