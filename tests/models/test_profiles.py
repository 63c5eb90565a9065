"""Profiles, keys and what connects them to clients."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from pier_tui.errors import ConfigError
from pier_tui.models import profiles
from pier_tui.models.connect import Found, connect, detect_local, served_models
from pier_tui.models.dialect import OpenWeights, Plain
from pier_tui.models.keys import Key, find_key, store_key
from pier_tui.models.profiles import load_profile, profile_names
from pier_tui.models.sarvam import Sarvam

SHIPPED = ("local", "local-pair", "offline", "open-weights", "sarvam-2026-06", "sarvam-hosted")
NAMED = {"weak_model": "qwen-7b", "strong_model": "org/qwen-32b"}


class Ring:
    """A keyring in memory; `error` makes every call fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.error = error

    def get_password(self, service: str, name: str) -> str | None:
        if self.error:
            raise self.error
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        if self.error:
            raise self.error
        self.kept[service, name] = secret


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_profile_loads_and_says_where_its_facts_are_from(name: str) -> None:
    profile = load_profile(name, NAMED if name == "local" else None)
    for card in (profile.weak, profile.strong):
        assert card.source
        assert card.as_of.year == 2026
        assert card.output_cap <= card.window


def test_prices_are_those_of_their_date() -> None:
    june, now = load_profile("sarvam-2026-06"), load_profile("sarvam-hosted")
    assert (june.weak.price.fresh, june.strong.price.output) == (Decimal("2.5"), Decimal(16))
    assert now.weak.price == now.strong.price
    assert now.weak.price.cached == Decimal("10.98")
    assert load_profile("offline").weak.price.free
    assert load_profile("offline").offline
    assert load_profile("open-weights").weak.price.fresh is None


def test_the_hosted_weak_label_claims_no_30b() -> None:
    assert load_profile("sarvam-hosted").weak.label == "105B-conv"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=f"known are {', '.join(SHIPPED)}"):
        load_profile("gpt")


def test_local_wants_model_ids_and_takes_them_from_overrides() -> None:
    with pytest.raises(ConfigError, match="set weak_model"):
        load_profile("local")
    assert load_profile("local", usable=False).problems()
    profile = load_profile("local", {**NAMED, "strong_url": "http://127.0.0.1:8000/v1", "weak_url": None})
    assert (profile.weak.label, profile.strong.label) == ("qwen-7b", "qwen-32b")
    assert (profile.url("weak"), profile.url("strong")) == ("http://127.0.0.1:11434/v1", "http://127.0.0.1:8000/v1")


def test_another_model_on_a_paid_profile_has_an_unknown_price_and_its_own_label() -> None:
    card = load_profile("sarvam-2026-06", {"weak_model": "glm"}).weak
    assert (card.label, card.price.fresh, card.fallback) == ("glm", None, None)


def test_a_table_is_laid_over_a_card() -> None:
    profile = load_profile("open-weights", {"weak": {"window": 9, "price": {"fresh": "1"}}, "rpm": 5})
    assert (profile.weak.window, profile.weak.price.fresh, profile.rpm) == (9, Decimal(1), 5)


def test_a_users_folder_adds_profiles_and_its_mistakes_are_one_sentence(tmp_path: Path) -> None:
    text = (profiles.SHIPPED / "offline.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace('"offline"', '"mine"'), encoding="utf-8")
    (tmp_path / "broken.toml").write_text("name = ", encoding="utf-8")
    (tmp_path / "wrong.toml").write_text(text + "\ncolour = 3\n", encoding="utf-8")
    assert set(profile_names(tmp_path)) == {*SHIPPED, "mine", "broken", "wrong"}
    assert load_profile("mine", folder=tmp_path).name == "mine"
    with pytest.raises(ConfigError, match=r"broken\.toml cannot be read"):
        load_profile("broken", folder=tmp_path)
    with pytest.raises(ConfigError, match=r"wrong: strong\.colour cannot be used"):
        load_profile("wrong", folder=tmp_path)


def test_the_environment_comes_before_the_keyring() -> None:
    profile, ring = load_profile("sarvam-hosted"), Ring()
    store_key(profile, " sk_ring ", ring)
    stored = find_key(profile, {}, ring)
    assert stored
    assert stored.reveal() == "sk_ring"
    named = find_key(profile, {"SARVAM_API_KEY": "sk_env\n"}, ring)
    assert named
    assert (named.reveal(), named.source) == ("sk_env", "SARVAM_API_KEY")


def test_a_missing_required_key_names_its_variable() -> None:
    with pytest.raises(ConfigError, match="set SARVAM_API_KEY"):
        find_key(load_profile("sarvam-hosted"), {}, Ring(RuntimeError("locked")))
    assert find_key(load_profile("open-weights"), {}, Ring()) is None
    assert find_key(load_profile("offline"), {"SARVAM_API_KEY": "sk_env"}, Ring()) is None


def test_a_key_never_shows_itself() -> None:
    key = Key("sk_secret", "test")
    assert "secret" not in f"{key} {key!r}"
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(ConfigError) as caught:
        find_key(load_profile("sarvam-hosted"), {"SARVAM_API_KEY": "sk secret"}, Ring())
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError) as refused:
        store_key(load_profile("sarvam-hosted"), "sk_secret", Ring(RuntimeError("sk_secret")))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "dialect"), [("sarvam-hosted", Sarvam), ("open-weights", OpenWeights), ("local", Plain)]
)
async def test_a_profile_becomes_two_clients_of_its_dialect(name: str, dialect: type) -> None:
    profile = load_profile(name, NAMED if name == "local" else None)
    clients = connect(profile, Key("sk_x", "test"), httpx.MockTransport(lambda _: httpx.Response(500)))
    assert {tier: type(client.dialect) for tier, client in clients.items()} == {"weak": dialect, "strong": dialect}
    assert clients["weak"].dialect is not clients["strong"].dialect
    assert "sk_x" not in repr(clients)
    for client in clients.values():
        await client.aclose()


def test_connecting_without_a_required_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="SARVAM_API_KEY"):
        connect(load_profile("sarvam-hosted"))


async def test_local_servers_are_asked_on_loopback_only_and_silence_is_no_error() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        assert "authorization" not in request.headers
        match request.url.port:
            case 11434:
                return httpx.Response(200, json={"data": [{"id": "qwen"}, {"id": 3}, "x"]})
            case 8000:
                return httpx.Response(200, text="<html>")
            case 8080:
                return httpx.Response(404)
        raise httpx.ConnectError("refused")

    assert await detect_local(httpx.MockTransport(answer)) == (Found("Ollama", "http://127.0.0.1:11434/v1", ("qwen",)),)
    assert all(url.startswith("http://127.0.0.1:") for url in asked)
    assert len(asked) == 4


async def test_a_server_the_user_named_is_asked_for_its_models() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://box:9000/v1/models"
        return httpx.Response(200, json={"data": [{"id": "small"}, {"id": "large"}]})

    assert await served_models("http://box:9000/v1/", httpx.MockTransport(answer)) == ("small", "large")


@pytest.mark.parametrize(
    ("address", "response", "says"),
    [
        ("http://box:9000/v1", httpx.Response(404), "No model server answers at http://box:9000/v1/models"),
        ("http://box:9000/v1", httpx.Response(200, json={"data": []}), "lists no models"),
        ("hello", httpx.Response(200), "hello is no address"),
        ("http://[", httpx.Response(200), "No model server answers"),
    ],
)
async def test_an_address_without_a_model_server_is_refused(address: str, response: httpx.Response, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        await served_models(address, httpx.MockTransport(lambda _: response))
