"""Pure: the secrets that are known by their looks: keys of vendors, tokens, private keys, passwords in URLs.

In: the bytes of one text. Out: `RULES`. Next: `exporter.redact_text` runs them.

Most patterns and checks are those of detect-secrets: RE2 proposes a place in linear time, the
library's own detector confirms it. Added are keys that its last release does not know. Its detectors
of high entropy are not used: they hit ids, hashes and images.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

from exporter.redact_rules import SECRETS, Found, Rule, alone, matches

VENDOR_KEYS = (
    ("AIza", r"AIza[0-9A-Za-z_-]{35}"),
    (r"ya29\.", r"ya29\.[0-9A-Za-z_-]{20,}"),
    ("GOCSPX-", r"GOCSPX-[0-9A-Za-z_-]{24,}"),
    ("github_pat_", r"github_pat_[0-9A-Za-z_]{22,}"),
    ("hf_[0-9A-Za-z]{8}", r"hf_[0-9A-Za-z]{30,}"),
    ("gsk_[0-9A-Za-z]{8}", r"gsk_[0-9A-Za-z]{40,}"),
    ("xai-[0-9A-Za-z]{8}", r"xai-[0-9A-Za-z]{60,}"),
    ("pplx-[0-9A-Za-z]{8}", r"pplx-[0-9A-Za-z]{40,}"),
    ("r8_[0-9A-Za-z]{8}", r"r8_[0-9A-Za-z]{36,}"),
    ("tvly-[0-9A-Za-z]", r"tvly-[0-9A-Za-z-]{20,}"),
    ("pcsk_[0-9A-Za-z]", r"pcsk_[0-9A-Za-z_]{40,}"),
    ("ntn_[0-9A-Za-z]{8}", r"ntn_[0-9A-Za-z]{40,}"),
    ("lin_api_", r"lin_api_[0-9A-Za-z]{40}"),
    ("npm_[0-9A-Za-z]{8}", r"npm_[0-9A-Za-z]{36}"),
    ("sbp_[a-f0-9]{8}", r"sbp_[a-f0-9]{40}"),
    ("dapi[a-f0-9]{8}", r"dapi[a-f0-9]{32}(?:-[0-9])?"),
    ("do[opr]_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    (r"hv[sbr]\.[0-9A-Za-z_-]{8}", r"hv[sbr]\.[0-9A-Za-z_-]{24,}"),
    ("shp(?:at|ca|pa|ss)_", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("dckr_pat_", r"dckr_pat_[0-9A-Za-z_-]{27}"),
    ("AKCp[0-9A-Za-z]{8}", r"AKCp[0-9A-Za-z]{69}"),
    ("xapp-[0-9]", r"xapp-[0-9]-[0-9A-Za-z-]{20,}"),
    ("(?:whsec|[sr]k_(?:live|test))_", r"(?:whsec|[sr]k_(?:live|test))_[0-9A-Za-z]{20,}"),
)
"""What the scan looks for, and the whole key."""

_LONG_PART = matches(r"[0-9A-Za-z]{12,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}")


def confirmed(
    kind: str, head: str, candidate: str, detector: type[RegexBasedDetector], group: int = 0
) -> Rule:
    """RE2 proposes, the detector of detect-secrets confirms."""
    propose, whole = matches(candidate, group), matches(candidate)
    library = detector()

    def find(text: bytes) -> Iterator[Found]:
        for (start, end), (first, last) in zip(propose(text), whole(text), strict=True):
            if alone(text, first, end) and any(
                library.analyze_string(text[first:last].decode("ascii", "replace"))
            ):
                yield Found(start, end, kind)

    return Rule(SECRETS, (head.encode(),), find)


def plain(
    kind: str, heads: Sequence[str], pattern: str, check: Callable[[bytes], bool] | None = None
) -> Rule:
    """A pattern that is certain enough by itself, or with a check of what it found."""
    propose = matches(pattern)

    def find(text: bytes) -> Iterable[Found]:
        for start, end in propose(text):
            if alone(text, start, end) and (check is None or check(text[start:end])):
                yield Found(start, end, kind)

    return Rule(SECRETS, tuple(head.encode() for head in heads), find)


def is_random(key: bytes) -> bool:
    """Whether one part is too long for a word and holds a digit: `sk-folding-cube-2` is a style's name."""
    return any(
        any(byte in b"0123456789" for byte in key[start:end]) for start, end in _LONG_PART(key)
    )


def private_key() -> Rule:
    """From BEGIN to END, or as far as the key's letters go where the text was cut."""
    label = r"(?:[A-Z0-9]+ ){0,3}"
    body = r"(?:[0-9A-Za-z+/=:, .\t\r\n-]|\\+[nrt]|\\u000[ad])*?"
    whole = rf"-----BEGIN {label}PRIVATE KEY(?: BLOCK)?-----"
    pattern = rf"{whole}(?:{body}-----END {label}PRIVATE KEY(?: BLOCK)?-----|(?:[0-9A-Za-z+/=\s]|\\+[nrt])*)"
    find = matches(pattern)
    return Rule(
        SECRETS,
        (b"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY",),
        lambda text: (Found(start, end, "private_key") for start, end in find(text)),
    )


def bearer() -> Rule:
    """`Bearer` and a token with a digit, wherever it stands."""
    find = matches(r"(?i)\bbearer(?:\s|%20)+([0-9A-Za-z._~+/-]{16,}=*)", 1)

    def tokens(text: bytes) -> Iterator[Found]:
        for start, end in find(text):
            if any(byte in b"0123456789" for byte in text[start:end]):
                yield Found(start, end, "bearer_token")

    return Rule(SECRETS, (rb"(?i)bearer(?:\s|%20)+[0-9A-Za-z._~+/-]{16}",), tokens)


RULES: tuple[Rule, ...] = (
    private_key(),
    confirmed(
        "jwt",
        r"eyJ[0-9A-Za-z_=-]{4,}\.",
        r"eyJ[0-9A-Za-z_=-]{4,}\.[0-9A-Za-z_=-]+(?:\.[0-9A-Za-z_+/=-]*)*",
        JwtTokenDetector,
    ),
    confirmed(
        "aws_key",
        "(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}",
        "(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}",
        AWSKeyDetector,
    ),
    confirmed(
        "azure_key", "AccountKey=", r"AccountKey=([0-9A-Za-z+/=]{88})", AzureStorageKeyDetector, 1
    ),
    confirmed(
        "url_password",
        r"://[^:/?#\[\]@!$&'()*+,;=\s]+:[^:/?#\[\]@!$&'()*+,;=\s]+@",
        r"://[^:/?#\[\]@!$&'()*+,;=\s\\\"]+:([^:/?#\[\]@!$&'()*+,;=\s\\\"]+)@",
        BasicAuthDetector,
        1,
    ),
    confirmed(
        "github_token",
        "gh[pousr]_[0-9A-Za-z]{8}",
        r"gh[pousr]_[0-9A-Za-z_]{36,}",
        GitHubTokenDetector,
    ),
    confirmed(
        "gitlab_token",
        "(?:gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent)|gloas)-[0-9A-Za-z_-]{8}|GR1348941",
        r"(?:gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent)|gloas)-[0-9A-Za-z_-]{20,}|GR1348941[0-9A-Za-z_-]{20,}",
        GitLabTokenDetector,
    ),
    confirmed(
        "slack_token",
        r"xox[abposr]-[0-9]|hooks\.slack\.com/services/T",
        r"xox[abposr]-[0-9]+-[0-9A-Za-z-]+|https://hooks\.slack\.com/services/T[0-9A-Za-z_]+/B[0-9A-Za-z_]+/[0-9A-Za-z_]+",
        SlackDetector,
    ),
    confirmed("stripe_key", "[rs]k_live_", r"[rs]k_live_[0-9A-Za-z]{24,}", StripeDetector),
    confirmed(
        "sendgrid_key",
        r"SG\.[0-9A-Za-z_-]{22}",
        r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}",
        SendGridDetector,
    ),
    confirmed("square_key", "sq0csp-", r"sq0csp-[0-9A-Za-z_-]{43}", SquareOAuthDetector),
    confirmed("pypi_token", "pypi-AgE", r"pypi-AgE[0-9A-Za-z_-]{70,}", PypiTokenDetector),
    confirmed(
        "mailchimp_key", "[0-9a-z]{16}-us[0-9]", r"[0-9a-z]{32}-us[0-9]{1,2}", MailchimpDetector
    ),
    confirmed(
        "telegram_token",
        "[0-9]{8}:AA[0-9A-Za-z_-]",
        r"[0-9]{8,10}:AA[0-9A-Za-z_-]{33}",
        TelegramBotTokenDetector,
    ),
    confirmed("twilio_key", "(?:AC|SK)[a-f0-9]{16}", "(?:AC|SK)[a-f0-9]{32}", TwilioKeyDetector),
    bearer(),
    plain(
        "api_key",
        (r"[sp]k-[0-9A-Za-z_-]{20}",),
        r"[sp]k-[0-9A-Za-z_-]{20,}",
        is_random,
    ),
    plain(
        "api_key",
        tuple(head for head, _ in VENDOR_KEYS),
        "|".join(f"(?:{pattern})" for _, pattern in VENDOR_KEYS),
    ),
)
"""All known looks. What is known by the name before it is in `exporter.redact_named`."""
