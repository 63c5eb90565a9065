"""Texts as points, without a model to download: hashed words, weighed by rarity, reduced by a truncated SVD.

Latent semantic analysis (Deerwester et al. 1990) with the hashing trick and a randomised SVD (Halko, Martinsson and
Tropp 2011). Unsupervised: it reads texts, never outcomes. Beside the words stands a text's form, as length.
Which model should act on a point is `scores.py`.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

DIMENSIONS = 128
"""Compared on public outcomes of 14,000 questions: 128 orders rows as well as 256 does, and 32 worse."""
BUCKETS = 8192
RARITY = 1.5
"""Power of the inverse document frequency: above 1 lets rare words place a text more than common ones."""
FITTED_ON = 16_000
"""The most texts a basis is computed from; more are drawn from evenly, and all of them are embedded."""
TEXT_LIMIT = 20_000
"""Characters read of one text."""
SPARE, PASSES, CHUNK = 16, 2, 2048

FORMS = ("length", "numbers", "lines", "sentences", "signs", "word_length")
FORM_WEIGHT = 0.6
"""Length of the part that says a text's form against the part that says what it is about."""

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_SIGN = re.compile(r"[\d+\-*/=^<>$%]")


@dataclass(frozen=True)
class _Sparse:
    """Rows of (column, value) pairs laid end to end; `starts` has one more entry than there are rows."""

    columns: npt.NDArray[np.intp]
    values: Matrix
    starts: npt.NDArray[np.intp]
    width: int

    def rows(self) -> npt.NDArray[np.intp]:
        """The row of every entry."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def chunks(self) -> Iterator[Matrix]:
        """The rows written out, some at a time: products of them are fast, all of them together would not fit."""
        row_of = self.rows()
        for first in range(0, len(self.starts) - 1, CHUNK):
            last = min(first + CHUNK, len(self.starts) - 1)
            at = slice(self.starts[first], self.starts[last])
            dense = np.zeros((last - first, self.width), np.float32)
            dense[row_of[at] - first, self.columns[at]] = self.values[at]
            yield dense


@dataclass(frozen=True)
class Embedding:
    """A fitted map from texts to unit vectors: at most `DIMENSIONS` numbers for the words, and one for each of `FORMS`.

    The same texts give the same map.
    """

    rarity: Matrix
    basis: Matrix
    centre: Matrix
    form_mean: Matrix
    form_spread: Matrix

    @classmethod
    def fit(
        cls, texts: Sequence[str], dimensions: int = DIMENSIONS, buckets: int = BUCKETS, seed: int = 0
    ) -> Embedding:
        """The map that keeps most of what differs between `texts`."""
        rng = np.random.default_rng(seed)
        if len(texts) > FITTED_ON:
            texts = [texts[i] for i in np.sort(rng.choice(len(texts), FITTED_ON, replace=False))]
        counted = _counts(texts, buckets)
        seen = np.bincount(counted.columns, minlength=buckets)
        rarity = ((np.log((1 + len(texts)) / (1 + seen)) + 1) ** RARITY).astype(np.float32)
        weighed = _weighed(counted, rarity)
        basis = _leading(weighed, min(dimensions, max(len(texts) - 1, 1)), rng)
        centre = _project(weighed, basis).mean(axis=0) if texts else np.zeros(basis.shape[1])
        forms = _forms(texts)
        spread = np.maximum(forms.std(axis=0), 1e-6) if texts else np.ones(len(FORMS))
        mean = forms.mean(axis=0) if texts else np.zeros(len(FORMS))
        return cls(rarity, basis, *(np.asarray(a, np.float32) for a in (centre, mean, spread)))

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One unit row per text: what it is about, then its form."""
        about = unit(_project(_weighed(_counts(texts, len(self.rarity)), self.rarity), self.basis) - self.centre)
        form = np.clip((_forms(texts) - self.form_mean) / self.form_spread, -3, 3) / np.sqrt(len(FORMS))
        return unit(np.hstack([about, FORM_WEIGHT * form]))


def _project(rows: _Sparse, basis: Matrix) -> Matrix:
    return np.vstack([chunk @ basis for chunk in rows.chunks()] or [np.zeros((0, basis.shape[1]), np.float32)])


def _forms(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Length, numbers, lines, sentences, share of digits and signs, and mean word length, counts damped."""
    rows = [_form(text[:TEXT_LIMIT]) for text in texts]
    return np.array(rows, np.float64).reshape(len(rows), len(FORMS))


def _form(text: str) -> tuple[float, ...]:
    signs = len(_SIGN.findall(text))
    parts = len(text.split())
    ends = sum(text.count(mark) for mark in ".?!।")
    counts = (len(text), len(_DIGITS.findall(text)), text.count("\n"), ends)
    return *map(math.log1p, counts), signs / max(len(text), 1), len(text) / max(parts, 1) if parts else 0.0


def unit(rows: Matrix) -> Matrix:
    """Rows scaled to length 1; zeros stay zeros."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 1e-9, length, 1), np.float32)


def words(text: str) -> list[str]:
    """The words of a text in lower case, in any script."""
    return _WORD.findall(text[:TEXT_LIMIT].lower())


def _counts(texts: Sequence[str], buckets: int) -> _Sparse:
    """Damped counts of words by hash bucket. crc32, since it is the same on every machine and in every run."""
    bucket_of: dict[str, int] = {}
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for text in texts:
        row: Counter[int] = Counter()
        for word in words(text):
            bucket = bucket_of.get(word)
            if bucket is None:
                bucket = bucket_of[word] = zlib.crc32(word.encode("utf-8", "replace")) % buckets
            row[bucket] += 1
        columns += row
        values += map(math.log1p, row.values())
        starts.append(len(columns))
    return _Sparse(np.array(columns, np.intp), np.array(values, np.float32), np.array(starts, np.intp), buckets)


def _weighed(counted: _Sparse, rarity: Matrix) -> _Sparse:
    values = counted.values * rarity[counted.columns]
    rows = counted.rows()
    length = np.sqrt(np.bincount(rows, values**2, minlength=len(counted.starts) - 1))
    return _Sparse(counted.columns, (values / length[rows]).astype(np.float32), counted.starts, counted.width)


def _leading(rows: _Sparse, dimensions: int, rng: np.random.Generator) -> Matrix:
    """The leading right singular vectors of `rows`."""
    sketch = rng.standard_normal((rows.width, min(dimensions + SPARE, rows.width))).astype(np.float32)
    for _ in range(PASSES):
        sketch = np.linalg.qr(_through(rows, sketch))[0]
    image = np.zeros((sketch.shape[1], sketch.shape[1]))
    for chunk in rows.chunks():
        part = chunk @ sketch
        image += part.T @ part
    values, vectors = np.linalg.eigh(image)
    strongest = np.argsort(-values)[:dimensions]
    return np.asarray(sketch @ vectors[:, strongest].astype(np.float32), np.float32)


def _through(rows: _Sparse, sketch: Matrix) -> Matrix:
    product = np.zeros_like(sketch)
    for chunk in rows.chunks():
        product += chunk.T @ (chunk @ sketch)
    return product
