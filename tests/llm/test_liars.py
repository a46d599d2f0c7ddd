"""A model that tells the truth and models that lie: no lie gets into a finding.

`python -m bench quality` runs them on applications of the catalogue too.
"""

from pathlib import Path

import pytest

from tests.llm.held import Subject, hold, letters_subject
from tests.llm.liars import PARTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TRUTH = "tells the truth"


@pytest.fixture(scope="module")
def about(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """The small application, analysed."""
    return letters_subject(tmp_path_factory.mktemp("letters") / "analysed")


@pytest.mark.parametrize("name", PARTS)
def test_no_lie_gets_through(name: str, about: Subject, tmp_path: Path) -> None:
    held = hold(about, name, tmp_path / "room")
    assert held.is_right
    assert held.got_through == ()
    explanation = held.finding.explanation
    assert explanation is not None
    if name in (TRUTH, "a patch that breaks"):
        assert explanation.n_verified == explanation.n_claims == 1
        assert explanation.trial is not None
        assert explanation.trial.fixed.n > 0
    else:
        assert explanation.mechanism == ()
        assert explanation.reason
    assert held.finding.prompt_patch is not None
    if name == TRUTH:
        assert explanation.trial is not None
        assert explanation.trial.fixed.k == explanation.trial.fixed.n
        assert explanation.trial.broken.k == 0
    if name == "a patch that breaks":
        assert "fixes 0 of" in (explanation.trial_reason or "")
