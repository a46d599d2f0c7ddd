"""What redaction must find and what it must leave alone, labelled by hand.

In: nothing. Out: `SECRETS` (text, secret, kind), `INNOCENT` texts. Next: `test_redact`.

The keys are made up; vendors' keys are put together from parts, so that no scanner takes this file for
a leak.
"""

import base64
import hashlib
import json
import random

_LUCK = random.Random(20)
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def letters(n: int) -> str:
    """As random as a key, with a digit in its first characters."""
    return "7" + "".join(_LUCK.choices(_LETTERS, k=n - 1))


def _part(data: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


JWT = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part({'sub': '1234567890'})}.{letters(43)}"
PEM_LINES = [letters(64) for _ in range(4)]
PEM = "\n".join(
    ["-----BEGIN RSA " + "PRIVATE KEY-----", *PEM_LINES, "-----END RSA " + "PRIVATE KEY-----"]
)
OPENAI = "sk-" + "proj-" + letters(40) + "T3Blbk" + "FJ" + letters(40)
ANTHROPIC = "sk-" + "ant-api03-" + letters(80)
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "ghp" + "_" + letters(36)
SLACK = "xoxb" + "-123456789012-123456789012-" + "abcdefghijklmnopqrstuvwx"
KEYS: tuple[tuple[str, str], ...] = (
    (AWS, "aws_key"),
    (GITHUB, "github_token"),
    ("github_" + "pat_" + letters(60), "api_key"),
    ("glpat" + "-" + letters(20), "gitlab_token"),
    (OPENAI, "api_key"),
    (ANTHROPIC, "api_key"),
    ("sk-" + letters(48), "api_key"),
    ("sk-" + "lf-1234abcd-12ab-34cd-56ef-1234567890ab", "api_key"),
    ("AIza" + letters(35), "api_key"),
    ("hf" + "_" + letters(34), "api_key"),
    ("gsk" + "_" + letters(52), "api_key"),
    ("sk" + "_live_" + letters(24), "stripe_key"),
    ("sk" + "_test_" + letters(24), "api_key"),
    ("SG" + "." + letters(22) + "." + letters(43), "sendgrid_key"),
    (SLACK, "slack_token"),
    ("https://hooks.slack" + ".com/services/T00000000/B00000000/" + letters(24), "slack_token"),
    ("npm" + "_" + letters(36), "api_key"),
    ("pypi-" + "AgEIcHlwaS5vcmc" + letters(80), "pypi_token"),
    ("0123456789:" + "AA" + letters(33), "telegram_token"),
    ("SK" + "0123456789abcdef0123456789abcdef", "twilio_key"),
    ("0123456789abcdef0123456789abcdef" + "-us12", "mailchimp_key"),
    ("sq0csp" + "-" + letters(43), "square_key"),
    ("hvs" + "." + letters(24), "api_key"),
    (JWT, "jwt"),
)
_SENTENCES = ("{}", "use {} please", "({})", '"{}"', "line\n{}\nline", "key={}", "{}, then", "…{}…")


def _in_sentences() -> list[tuple[str, str, str]]:
    return [
        (_SENTENCES[index % len(_SENTENCES)].format(key), key, kind)
        for index, (key, kind) in enumerate(KEYS)
    ]


SECRETS: tuple[tuple[str, str, str], ...] = (
    *_in_sentences(),
    (f"here: {PEM} thanks", PEM_LINES[1], "private_key"),
    (json.dumps({"key": PEM}), PEM_LINES[3], "private_key"),
    (PEM[:200], PEM_LINES[0], "private_key"),
    ("postgres://bob:hunter2x@db:5432/claims", "hunter2x", "url_password"),
    ("see https://user:s3cr3t-pw@example.com/path", "s3cr3t-pw", "url_password"),
    (f"Authorization: Bearer {letters(40)}", "Bearer 7", "bearer_token"),
    (f"curl -H 'X: y' with bearer {letters(32)}", "bearer 7", "bearer_token"),
    ("AccountName=a;AccountKey=" + letters(86) + "==;", "AccountKey=7", "azure_key"),
    ("password=hunter2", "hunter2", "named_secret"),
    ("DB_PASSWORD: s3cret!x", "s3cret!x", "named_secret"),
    ('{"password": "swordfish"}', "swordfish", "named_secret"),
    ('{"password":"quote\\"inside"}', "inside", "named_secret"),
    (json.dumps({"args": json.dumps({"api_key": "ab12cd34ef56"})}), "ab12cd34ef56", "named_secret"),
    (
        json.dumps({"a": json.dumps({"b": json.dumps({"clientSecret": "ab12cd34ef"})})}),
        "ab12cd34ef",
        "named_secret",
    ),
    ("OPENAI_API_KEY='0a1b2c3d4e5f6071'", "0a1b2c3d4e5f6071", "named_secret"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr", "named_secret"),
    ("?user=a&access_token=0a1b2c3d4e5f&x=1", "0a1b2c3d4e5f", "named_secret"),
    ('{"refresh_token" : "1//0a1b2c3d4e5f"}', "1//0a1b2c3d4e5f", "named_secret"),
)
"""(text, what must be gone, its kind)."""

_PIXELS = base64.b64encode(_LUCK.randbytes(60_000)).decode()
INNOCENT: tuple[str, ...] = (
    "The caller forgot her password and asked how to reset it. Password: please use the link.",
    "Never tell anybody your password! A secret is a secret: keep it.",
    "The secret of good bread is time; its key: patience. Token of appreciation.",
    "max_tokens=4096, input_tokens: 1200, finish_reason=stop, token_type=word",
    json.dumps(
        {"logprobs": [{"token": "Hello", "logprob": -0.1}, {"token": " sk", "logprob": -2}]}
    ),
    json.dumps({"properties": {"password": {"type": "string"}, "api_key": "string"}}),
    json.dumps(
        {"password": None, "secret": "", "api_key": "<your-api-key>", "token": "YOUR_TOKEN"}
    ),
    "api_key=os.environ['OPENAI_API_KEY'], password=config.password, secret=get_secret(name)",
    "export PASSWORD=${DB_PASSWORD} && api_key=$KEY && password: {{ vault.password }}",
    "the authorization: required before discharge, authorization=pending",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 of 2024",
    "session 550e8400-e29b-41d4-a716-446655440000, trace 0af7651916cd43dd8448eb211c80319c",
    hashlib.sha256(b"x").hexdigest() + " " + hashlib.md5(b"y").hexdigest(),
    json.dumps({"id": "call_" + letters(24), "fingerprint": "fp_44709d6fcb", "run": letters(32)}),
    "chatcmpl-" + letters(29) + " msg_" + letters(24) + " toolu_" + letters(24),
    "data:image/png;base64," + _PIXELS,
    json.dumps({"type": "image", "data": base64.b64encode(_LUCK.randbytes(30_000)).decode()}),
    "class='sk-folding-cube sk-circle-fade-dot sk-estimator-doc-link' in scikit-learn pages",
    "the task-oriented risk-2024-assessment-of-claims and disk-usage-report-for-october",
    "https://example.com:8080/a@b and ssh://git@example.com/repo and http://a.b/c?d=e:f@g",
    "The password is wrong. passwords are hashed. Passwordless: yes. pwd: /home/bob/project",
    "Basic instructions: bearer of bad news; the bearer authentication scheme of RFC 6750",
    "Mo 08:00-12:30: 0123456789 steps, 12345678:AB is a ratio, eyJ is how a token begins",
    "AKIRA KUROSAWA, ASIA PACIFIC, ACCAREERS; SG.com; npm_config_cache=/tmp; hf_hub; xoxo",
    "BEGIN PRIVATE KEY ceremony at noon; -----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    'def login(password: str, secret: bytes = b"") -> Token: return verify(password=password)',
    "secret: Optional[str] = None, access_token: missing, id_token=undefined, api_key is invalid",
    "x" * 5000,
    "1767225600000000000 4111111111111111 +49 30 901820 bob@example.com",
)
"""No secret in here; the last has what other families find, which are off by default."""

PERSONAL: tuple[tuple[str, str, str], ...] = (
    ("write to bob.smith+claims@mail.example.co.uk.", "bob.smith", "email"),
    ('{"to": "\\nbob@example.com"}', "bob@", "email"),
    ("call +49 30 901820 today", "901820", "phone"),
    ("call +1 415-555-2671 2024-01-01", "2671", "phone"),
    ("(415) 555-2671 or so", "2671", "phone"),
    ("card 4111 1111 1111 1111 exp 10/30", "4111", "card"),
    ('{"card": 5500005555555559}', "55000", "card"),
    ("amex 378282246310005.", "378282", "card"),
)
NOT_PERSONAL: tuple[str, ...] = (
    "order 4155552671, claim C-2025-00002, 4111111111111112, 1234567890123456",
    "at 1767225600000000000 ns, 2026-11-23 18:58:37, 127.0.0.1:4317, 3.14159265358979",
    "@app.route decorators, package@1.2.3, user @ example, a@b",
    "9fceb02d0ae598e95dc970b74767f19372d61af8 4111111111111111abcdef",
)
"""With all families on and the region US."""
