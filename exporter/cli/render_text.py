"""Small pieces of a page: safe text, headings, rates as bars, probabilities in words.

In: values of the vocabulary. Out: rich texts. Next: `render` and the `render_*` pages put them together.
"""

import shlex
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pipeline.model.cluster import Rate
from pipeline.model.signal import SignalSource

BAR_CELLS = 30
INDENT = 2
_KEPT = "\n\t"

SOURCE_WORDS = {
    SignalSource.HUMAN: "people's feedback",
    SignalSource.LABEL: "labels",
    SignalSource.SYNTHETIC: "automatic symptoms",
}


def plain(text: str) -> str:
    """Trace text made harmless for a terminal: control and direction characters become visible."""
    return "".join(_visible(c) if _controls(c) else c for c in text)


def _controls(char: str) -> bool:
    return char not in _KEPT and unicodedata.category(char) in ("Cc", "Cf", "Cs")


def _visible(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def shorten(text: str, n_chars: int) -> str:
    """On one line and not longer than that."""
    line = " ".join(plain(text).split())
    return line if len(line) <= n_chars else line[: n_chars - 1].rstrip() + "…"


def section(heading: str, *body: RenderableType) -> Group:
    """A heading with its indented body and an empty line after it."""
    inner = (Padding(part, (0, 0, 0, INDENT)) for part in body)
    return Group(Text(heading, style="bold"), *inner, Text())


def bullets(items: Iterable[str], mark: str = "·") -> list[Text]:
    """One text a line, each behind a mark."""
    return [Text(f"{mark} ", style="dim").append(plain(i), style="default") for i in items]


def percent(share: float) -> str:
    """`85 %`; one digit more below ten."""
    value = 100 * share
    if 0 < value < 0.05:
        return "under 0.1 %"
    return f"{value:.1f} %" if 0 < value < 10 else f"{value:.0f} %"


def share_of(rate: Rate) -> float:
    """k / n, 0 for an empty group."""
    return rate.k / rate.n if rate.n else 0.0


def rate_text(rate: Rate) -> str:
    """`44/52 (85 %)` for a table's cell."""
    return f"{rate.k}/{rate.n} ({percent(share_of(rate))})" if rate.n else "0/0"


def rate_bar(rate: Rate, style: str) -> Text:
    """A bar up to k/n, its 95 % interval shaded around the end."""
    low, at, high = (round(BAR_CELLS * x) for x in (rate.low, share_of(rate), rate.high))
    bar = Text()
    bar.append("█" * min(low, at), style=style)
    bar.append("▓" * (at - min(low, at)), style=style)
    bar.append("░" * max(0, high - at), style=style)
    bar.append("·" * (BAR_CELLS - max(high, at)), style="dim")
    return bar


def rate_line(name: str, rate: Rate, style: str, note: str = "") -> Text:
    """Name, bar, counts, share and interval on one line."""
    line = Text(f"{name:<9}").append(rate_bar(rate, style))
    if not rate.n:
        return line.append("  no session to compare with", style="dim")
    line.append(f"  {rate.k} of {rate.n}", style="bold")
    line.append(f" = {percent(share_of(rate))}")
    line.append(f"  ({percent(rate.low)} to {percent(rate.high)})", style="dim")
    return line.append(f"  {note}" if note else "", style="dim")


def number(value: float) -> str:
    """A probability as short as it stays true."""
    return f"{value:.1e}" if 0 < value < 0.0001 else f"{value:.3g}"


def p_words(p_value: float | None, n_tests: int) -> str:
    """What the contrast's p says."""
    if p_value is None and n_tests:
        return f"p: none of the {n_tests:,} features tried sets the failing sessions apart"
    if p_value is None:
        return "p: not tested, nothing could be compared"
    tried = f"anywhere among the {n_tests:,} features tried"
    if p_value <= 0:
        return f"p = 0: no difference this large, {tried}, would come from chance"
    if p_value > 0.05:
        return f"p = {number(p_value)}: a difference this large, {tried}, is no surprise"
    once = f"at most about once in {round(1 / p_value):,} times"
    return f"p = {number(p_value)}: chance alone makes a difference this large, {tried}, {once}"


def q_words(q_value: float) -> str:
    """What the gate's q says."""
    return (
        f"q = {number(q_value)}: among the project's clusters that pass at this level, about"
        f" {percent(min(q_value, 1.0))} are expected to be chance"
    )


def sources_words(sources: Sequence[SignalSource]) -> str:
    """Which kinds of source said so."""
    return ", ".join(SOURCE_WORDS[s] for s in sources) or "nobody"


def moment_text(moment: datetime) -> str:
    """UTC to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def command(*words: str, project: str, endpoint: str | None = None) -> str:
    """A command to copy."""
    where = ["--project", quoted(project)]
    if endpoint is not None:
        where += ["--endpoint", endpoint]
    return " ".join(["kelet-sidecar", *words, *where])


def quoted(word: str) -> str:
    """An argument as a shell reads it back."""
    return shlex.quote(plain(word))
