from __future__ import annotations

import numpy as np
import pytest

from pier_tui.router.embedding import Embedding, unit, words
from pier_tui.router.scores import Factors, Fit, GainRegression, Logistic, Neighbours, Similarity

TOPICS = {
    "algebra": ["factor", "polynomial", "ring", "group", "field", "root", "matrix"],
    "history": ["empire", "king", "treaty", "war", "senate", "trade", "city"],
}


def corpus(count: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    hard = rng.random(count) < 0.5
    texts = [
        " ".join(rng.choice(TOPICS["algebra" if h else "history"], 6)) + f" item {i % 7}" for i, h in enumerate(hard)
    ]
    return texts, hard


def test_texts_about_the_same_are_near_and_the_map_is_the_same_every_time() -> None:
    texts, hard = corpus(120)
    one, again = (Embedding.fit(texts, dimensions=8).embed(texts) for _ in range(2))
    assert np.array_equal(one, again)
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    alike = one @ one.T
    assert alike[hard][:, hard].mean() > alike[hard][:, ~hard].mean() + 0.5


@pytest.mark.parametrize(
    "texts", [["", ""], ["!!", "?"], ["same", "same", "same"], ["नमस्ते दुनिया", "வணக்கம்"], ["a"], ["\ud800 x", "y"]]
)
def test_any_texts_can_be_embedded(texts: list[str]) -> None:
    fitted = Embedding.fit(texts)
    assert np.isfinite(fitted.embed(texts)).all()
    assert fitted.embed([]).shape[0] == 0
    assert fitted.embed(["quite another text"]).shape == fitted.embed(texts)[:1].shape


def test_words_of_any_script_are_read_without_case() -> None:
    assert words("Größe_x, naïve-1 हिन्दी")[:4] == ["größe", "x", "naïve", "1"]
    assert unit(np.zeros((1, 3), np.float32)).tolist() == [[0, 0, 0]]


ALL: dict[str, Fit] = {
    "neighbours": Neighbours.fit,
    "similarity": lambda p, w, s: Similarity.fit(p, w, s, (10.0, 1000.0)),
    "regression": GainRegression.fit,
    "factors": Factors.fit,
}


@pytest.mark.parametrize("name", ALL)
def test_a_score_learns_where_the_strong_model_is_needed(name: str) -> None:
    texts, hard = corpus(900)
    points = Embedding.fit(texts, dimensions=16).embed(texts)
    weak, strong = np.where(hard, 0.0, 1.0), np.ones(900)
    fitted = ALL[name](points[:700], weak[:700], strong[:700])
    predicted = fitted.predict(points[700:])
    assert predicted[hard[700:]].min() > predicted[~hard[700:]].max()
    assert ((predicted >= 0) & (predicted <= 1)).all()
    assert np.array_equal(ALL[name](points[:700], weak[:700], strong[:700]).predict(points[700:]), predicted)
    assert fitted.predict(points[:0]).shape == (0,)


@pytest.mark.parametrize("name", ALL)
def test_labels_without_a_difference_predict_a_draw(name: str) -> None:
    points = unit(np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32))
    same = np.ones(40)
    assert ALL[name](points, same, same).predict(points) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("name", ALL)
def test_two_rows_are_enough_to_fit(name: str) -> None:
    points = np.eye(2, 4, dtype=np.float32)
    predicted = ALL[name](points, np.array([0.0, 1.0]), np.ones(2)).predict(points)
    assert np.isfinite(predicted).all()


def test_neighbours_and_ranking_are_weighted_means_counted_by_hand() -> None:
    points = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    weak, strong = np.array([0.0, 1.0, 0.0]), np.ones(3)
    asked = np.array([[1, 0]], np.float32)
    near = np.exp(4 * np.array([1, 0.6]))
    assert Neighbours.fit(points, weak, strong, (2,)).predict(asked)[0] == pytest.approx(
        (1 + near @ [1, 1] / near.sum()) / 2
    )
    votes = 10 ** np.array([1, 0, 0.6])
    assert Similarity.fit(points, weak, strong).predict(asked)[0] == pytest.approx(
        (1 + votes @ [1, 0, 1] / votes.sum()) / 2
    )


def test_a_regression_is_calibrated_on_soft_targets() -> None:
    rng = np.random.default_rng(2)
    features = rng.standard_normal((4000, 3))
    chance = 1 / (1 + np.exp(-(1.5 * features[:, 0] - 0.5)))
    fitted = Logistic.fit(features, (rng.random(4000) < chance).astype(float))
    assert np.abs(fitted.predict(features) - chance).mean() < 0.03
    assert Logistic.fit(features, chance).predict(features) == pytest.approx(chance, abs=0.02)


def test_what_is_chosen_is_chosen_on_left_out_rows_so_noise_is_not_taken_for_likeness() -> None:
    rng = np.random.default_rng(5)
    points = unit(rng.standard_normal((300, 4)).astype(np.float32))
    gain = np.where(rng.random(300) < 0.5 + 0.2 * np.sign(points[:, 0]), 1.0, -1.0)
    weak, strong = (1 - gain) / 2, (1 + gain) / 2
    assert Similarity.fit(points, weak, strong, (10.0, 1e30)).gamma == 10
    assert Neighbours.fit(points, weak, strong, (1, 40)).k == 40
