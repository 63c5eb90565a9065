"""Learned scores: from points (embedded texts, or any features) to how much the strong model is needed.

All are fitted on recorded qualities of both models, 0 to 1, and predict (1 + expected gain) / 2, where gain is strong
minus weak: above 0.5 the strong model is worth more. Ties count as half a win, as a draw does, and are not dropped:
a row both models get right says that escalating such rows buys nothing. Sources: RouteLLM (Ong et al. 2024) for
similarity-weighted ranking and matrix factorisation. Making points of texts is `embedding.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

REMEMBERED = 20_000
"""The most rows a score by likeness remembers; more are drawn from evenly."""
CHUNK = 1024
JUDGED = 2000
SHARPNESS = np.float32(4)
RIDGES = (1.0, 10.0, 100.0, 1000.0, 10000.0)


class Fitted(Protocol):
    """A score after fitting."""

    def predict(self, points: Matrix) -> Array:
        """One value per row, 0 to 1; above 0.5 the strong model is worth more."""
        ...


Fit = Callable[[Matrix, Array, Array], Fitted]
"""Points, quality of the weak model, quality of the strong one."""


def _chunks(points: Matrix) -> Iterator[Matrix]:
    for first in range(0, len(points), CHUNK):
        yield np.ascontiguousarray(points[first : first + CHUNK], np.float32)


def _remember(points: Matrix, gain: Array) -> tuple[Matrix, Matrix]:
    if len(points) > REMEMBERED:
        kept = np.random.default_rng(0).choice(len(points), REMEMBERED, replace=False)
        points, gain = points[kept], gain[kept]
    return np.ascontiguousarray(points, np.float32), gain.astype(np.float32)


@dataclass(frozen=True)
class Neighbours:
    """The mean gain of the `k` most alike rows, each weighing e ** (SHARPNESS * cosine / best cosine)."""

    points: Matrix
    gain: Matrix
    k: int

    @classmethod
    def fit(cls, points: Matrix, weak: Array, strong: Array, ks: tuple[int, ...] = (100,)) -> Neighbours:
        """`points` are rows of length 1. With several `ks` the one is kept that predicts left-out rows best."""
        remembered, gain = _remember(points, strong - weak)
        allowed = sorted({min(k, max(len(remembered) - 1, 1)) for k in ks})
        best = _left_out_best(remembered, gain, allowed, _nearby) if len(allowed) > 1 else allowed[0]
        return cls(remembered, gain, int(best))

    def predict(self, points: Matrix) -> Array:
        """(1 + weighted mean gain) / 2."""
        found = [np.zeros(0), *(_nearby(chunk @ self.points.T, self.gain, self.k) for chunk in _chunks(points))]
        return (1 + np.concatenate(found)) / 2


def _nearby(alike: Matrix, gain: Matrix, k: float) -> Array:
    nearest = np.argpartition(-alike, int(k) - 1, axis=1)[:, : int(k)]
    weight = np.exp(SHARPNESS * _against_best(np.take_along_axis(alike, nearest, axis=1)))
    return np.asarray((weight * gain[nearest]).sum(axis=1, dtype=np.float64) / weight.sum(axis=1, dtype=np.float64))


def _against_best(alike: Matrix) -> Matrix:
    """Cosines over each row's best; between -1 and 1."""
    return np.asarray(np.clip(alike / np.maximum(alike.max(axis=1, keepdims=True), 1e-6), -1, 1), np.float32)


def _left_out_best(
    points: Matrix, gain: Matrix, choices: Sequence[float], predict: Callable[[Matrix, Matrix, float], Array]
) -> float:
    """The choice whose leave-one-out predictions go best with the gains (correlation), on up to 2,000 rows."""
    judged = np.random.default_rng(0).permutation(len(points))[:JUDGED]
    alike = points[judged] @ points.T
    alike[np.arange(len(judged)), judged] = -np.inf
    return max(choices, key=lambda choice: _agreement(predict(alike, gain, choice), gain[judged]))


@dataclass(frozen=True)
class Similarity:
    """Similarity-weighted ranking: every remembered row votes, weighing gamma ** (1 + cosine / best cosine).

    With two models the weighted Bradley-Terry fit of RouteLLM comes to this weighted mean. Its gamma is 10.
    """

    points: Matrix
    gain: Matrix
    gamma: float

    @classmethod
    def fit(cls, points: Matrix, weak: Array, strong: Array, gammas: tuple[float, ...] = (10.0,)) -> Similarity:
        """With several gammas the one is kept that predicts left-out rows best."""
        remembered, gain = _remember(points, strong - weak)
        if len(gammas) == 1:
            return cls(remembered, gain, gammas[0])
        return cls(remembered, gain, _left_out_best(remembered, gain, gammas, _vote))

    def predict(self, points: Matrix) -> Array:
        """(1 + weighted mean gain) / 2."""
        found = [np.zeros(0), *(_vote(chunk @ self.points.T, self.gain, self.gamma) for chunk in _chunks(points))]
        return (1 + np.concatenate(found)) / 2


def _vote(alike: Matrix, gain: Matrix, gamma: float) -> Array:
    weight = np.exp(np.float32(np.log(gamma)) * _against_best(alike))
    weight[np.isneginf(alike)] = 0
    return np.asarray(weight @ gain / np.maximum(weight.sum(axis=1), 1e-9), np.float64)


def _agreement(predicted: Array, gain: Matrix) -> float:
    if np.ptp(predicted) < 1e-12 or np.ptp(gain) < 1e-12:
        return 0.0
    return float(np.corrcoef(predicted, gain)[0, 1])


@dataclass(frozen=True)
class Logistic:
    """Ridge logistic regression on standardised features, for targets anywhere between 0 and 1."""

    centre: Array
    scale: Array
    weights: Array
    bias: float

    @classmethod
    def fit(
        cls, features: npt.ArrayLike, target: Array, ridges: tuple[float, ...] = RIDGES, trust: npt.ArrayLike = 1.0
    ) -> Logistic:
        """The ridge is chosen on every fifth row of a fixed shuffle, then all rows are used.

        `trust` shrinks columns before the ridge does: below 1 where many columns say little each.
        """
        matrix = np.asarray(features, np.float64)
        centre, scale = matrix.mean(axis=0), matrix.std(axis=0)
        scale = np.where(scale > 1e-9, scale, 1.0) / np.asarray(trust, np.float64)
        rows = (matrix - centre) / scale
        held = np.zeros(len(rows), bool)
        held[np.random.default_rng(0).permutation(len(rows))[::5]] = True
        ridge = ridges[0] if len(rows) < 25 else _best_ridge(rows, target, held, ridges)
        weights, bias = _descend(rows, target, (ridge,))[0]
        return cls(centre, scale, weights, bias)

    def predict(self, features: npt.ArrayLike) -> Array:
        """Expected target of each row."""
        rows = (np.asarray(features, np.float64) - self.centre) / self.scale
        return sigmoid(rows @ self.weights + self.bias)


def _best_ridge(rows: Array, target: Array, held: npt.NDArray[np.bool_], ridges: tuple[float, ...]) -> float:
    losses = []
    for weights, bias in _descend(rows[~held], target[~held], ridges):
        chance = np.clip(sigmoid(rows[held] @ weights + bias), 1e-6, 1 - 1e-6)
        losses.append(-(target[held] * np.log(chance) + (1 - target[held]) * np.log(1 - chance)).mean())
    return ridges[int(np.argmin(losses))]


def _descend(rows: Array, target: Array, ridges: tuple[float, ...], steps: int = 40) -> list[tuple[Array, float]]:
    """One fit per ridge, by steps under the fixed bound X'X / 4 of the Hessian (Böhning and Lindsay 1988)."""
    values, vectors = np.linalg.eigh(rows.T @ rows / 4)
    start = np.clip(target.mean(), 1e-3, 1 - 1e-3)
    fits = []
    for ridge in ridges:
        weights, bias = np.zeros(rows.shape[1]), float(np.log(start / (1 - start)))
        for _ in range(steps):
            off = target - sigmoid(rows @ weights + bias)
            step = vectors @ ((vectors.T @ (rows.T @ off - ridge * weights)) / (np.maximum(values, 0) + ridge))
            weights, bias = weights + step, bias + 4 * float(off.mean())
            if np.abs(step).max(initial=0) < 1e-6:
                break
        fits.append((weights, bias))
    return fits


@dataclass(frozen=True)
class GainRegression:
    """Logistic regression of who wins on the points; a draw is half a win."""

    regression: Logistic

    @classmethod
    def fit(cls, points: Matrix, weak: Array, strong: Array) -> GainRegression:
        """Targets are (1 + gain) / 2."""
        return cls(Logistic.fit(points, (1 + strong - weak) / 2))

    def predict(self, points: Matrix) -> Array:
        """(1 + expected gain) / 2."""
        return self.regression.predict(points)


@dataclass(frozen=True)
class Factors:
    """Matrix factorisation: P(strong wins) = sigmoid(delta(strong) - delta(weak)), delta(m) = w' (v_m * (W' q)).

    v_m has length 1. With only two models the difference is one direction in the space of texts.
    """

    direction: Array
    bias: float

    @classmethod
    def fit(
        cls, points: Matrix, weak: Array, strong: Array, width: int = 64, epochs: int = 12, seed: int = 0
    ) -> Factors:
        """Adam on the cross-entropy of (1 + gain) / 2, with noise on the points against learning them by heart."""
        rng = np.random.default_rng(seed)
        rows = np.asarray(points, np.float32) * np.float32(np.sqrt(points.shape[1]))
        target = ((1 + strong - weak) / 2).astype(np.float32)
        start = float(np.clip(target.mean(), 1e-3, 1 - 1e-3))
        model = _Factorised(rng, rows.shape[1], width, float(np.log(start / (1 - start))))
        for _ in range(epochs):
            order = rng.permutation(len(rows))
            for first in range(0, len(rows), 256):
                batch = order[first : first + 256]
                noisy = rows[batch] + rng.standard_normal((len(batch), rows.shape[1]), np.float32) * np.float32(0.1)
                model.learn(noisy, target[batch])
        return cls(model.direction() * np.sqrt(points.shape[1]), model.bias)

    def predict(self, points: Matrix) -> Array:
        """P(strong wins), a draw being half a win."""
        return sigmoid(points @ self.direction + self.bias)


class _Factorised:
    """The parameters while they are learned, and Adam's moments (Kingma and Ba 2015)."""

    def __init__(self, rng: np.random.Generator, inputs: int, width: int, bias: float) -> None:
        def normal(*shape: int) -> Matrix:
            return np.asarray(rng.standard_normal(shape) / np.sqrt(shape[0]), np.float32)

        self.parts = [normal(inputs, width), _row_unit(normal(2, width)), normal(width)]
        self.means, self.squares = ([np.zeros_like(p) for p in self.parts] for _ in range(2))
        self.bias, self.steps = bias, 0

    def direction(self) -> Array:
        """The one direction two models come to."""
        project, models, out = self.parts
        return np.asarray(project @ ((models[1] - models[0]) * out), np.float64)

    def learn(self, rows: Matrix, target: Matrix, rate: float = 1e-3, decay: float = 1e-3) -> None:
        """One step."""
        project, models, out = self.parts
        apart = models[1] - models[0]
        off = (sigmoid(rows @ (project @ (apart * out)) + self.bias) - target).astype(np.float32)
        mean_row = off @ rows / np.float32(len(rows))
        pulled = mean_row @ project
        slopes = [np.outer(mean_row, apart * out), np.stack([-pulled * out, pulled * out]), pulled * apart]
        self.steps += 1
        for i, slope in enumerate(slopes):
            mean = self.means[i] = 0.9 * self.means[i] + 0.1 * slope
            square = self.squares[i] = 0.999 * self.squares[i] + 0.001 * slope**2
            size = np.sqrt(square / (1 - 0.999**self.steps)) + 1e-8
            self.parts[i] -= rate * (mean / (1 - 0.9**self.steps) / size + decay * self.parts[i])
        models[:] = _row_unit(models)


def _row_unit(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def sigmoid(values: npt.ArrayLike) -> Array:
    """1 / (1 + e^-x), for any x."""
    return 1 / (1 + np.exp(-np.clip(np.asarray(values, np.float64), -60, 60)))
