"""How well statements that say the same come together, against labels that people or models gave.

Run: `python -m bench.clustering [folder with the data]`. Prints, for each data set, the adjusted
mutual information (AMI) of our encoder and clusterer, and of TF-IDF baselines, with the share of
texts called noise. Data: banking77, clinc150, tau-bench failure statements (see the data's README).
"""

import csv
import gzip
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from sklearn.preprocessing import normalize

from pipeline.clustering import NOISE
from pipeline.clustering.clusterer import HypothesisClusterer
from pipeline.clustering.embedding import Embedder

DATA = Path(__file__).parents[2] / "shared" / "data"


class Labelled(NamedTuple):
    """Texts and what each is about."""

    name: str
    texts: Sequence[str]
    labels: Sequence[str]


def read(folder: Path) -> Iterable[Labelled]:
    """The data sets that are there."""
    banking = folder / "banking77-test.csv"
    if banking.exists():
        with banking.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        yield Labelled("banking77", [r["text"] for r in rows], [r["category"] for r in rows])
    for name in ("tau-failure-statements", "clinc150-val"):
        path = folder / f"{name}.jsonl.gz"
        if path.exists():
            with gzip.open(path, "rt", encoding="utf-8") as file:
                lines: list[dict[str, Any]] = [json.loads(line) for line in file]
            yield Labelled(name, [x["text"] for x in lines], [x["label"] for x in lines])


def score(name: str, labels: Sequence[str], found: np.ndarray) -> str:
    """One line of the table."""
    noise = float((found == NOISE).mean())
    ami = adjusted_mutual_info_score(labels, found)
    ari = adjusted_rand_score(labels, found)
    n = len(set(found.tolist()) - {NOISE})
    return f"  {name:42} {n:9} {noise:6.1%} {ami:6.3f} {ari:6.3f}"


def tfidf(texts: Sequence[str]) -> np.ndarray:
    """TF-IDF, reduced to 128 dimensions."""
    matrix = TfidfVectorizer(sublinear_tf=True, min_df=2).fit_transform(texts)
    reduced: Any = normalize(TruncatedSVD(128, random_state=0).fit_transform(matrix))
    return np.asarray(reduced)


def main(argv: Sequence[str] = ()) -> None:
    """Print the table."""
    folder = Path(argv[0]) if argv else DATA
    for data in read(folder):
        k = len(set(data.labels))
        begin = time.perf_counter()
        vectors = Embedder().embed(data.texts)
        spent = time.perf_counter() - begin
        print(f"{data.name}: {len(data.texts)} texts, {k} labels, embedded in {spent:.0f} s")
        print(f"  {'method':42} {'clusters':>9} {'noise':>6} {'AMI':>6} {'ARI':>6}")
        ours = HypothesisClusterer().fit(vectors).labels_
        print(score("MiniLM, ours (k unknown)", data.labels, ours))
        ward = AgglomerativeClustering(k).fit_predict(vectors)
        print(score("MiniLM, Ward (k known)", data.labels, ward))
        reduced = tfidf(data.texts)
        plain = HypothesisClusterer().fit(reduced).labels_
        print(score("TF-IDF + SVD-128, ours (k unknown)", data.labels, plain))
        ward = AgglomerativeClustering(k).fit_predict(reduced)
        print(score("TF-IDF + SVD-128, Ward (k known)", data.labels, ward))
        means = KMeans(k, n_init="auto", random_state=0).fit_predict(reduced)
        print(score("TF-IDF + SVD-128, k-means (k known)", data.labels, means))


if __name__ == "__main__":
    main(sys.argv[1:])
