"""Keys: where they may be, and that they do not leak."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest
from keyring.backend import KeyringBackend

from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import RedactingFilter, redact, redacted_head, remember_secret
from steelyard.core.store import secrets
from steelyard.core.store.secrets import SecretStore
from steelyard.core.values.targets import ApiTarget

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends.fail import Keyring

    monkeypatch.setattr(keyring.core, "_keyring_backend", Keyring())


class FakeKeyring(KeyringBackend):
    """Looks like a desktop's; while `is_open` is not set it waits for a dialog that nobody sees."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.is_open = threading.Event()
        self.is_open.set()
        self.keys: dict[str, str] = {}
        self.fetched: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        del service
        self.fetched.append(username)
        self.is_open.wait(30)
        return self.keys.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        del service
        self.is_open.wait(30)
        self.keys[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del service
        del self.keys[username]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKeyring]:
    import keyring

    fake = FakeKeyring()
    monkeypatch.setattr(FakeKeyring, "__module__", "keyring.backends.SecretService")
    monkeypatch.setattr(keyring.core, "_keyring_backend", fake)
    monkeypatch.setattr(secrets, "_TIMEOUT_S", 0.3)
    yield fake
    fake.is_open.set()


def test_a_list_of_targets_waits_once_for_a_locked_keyring(keyring: FakeKeyring) -> None:
    store = SecretStore("steelyard-test")
    keyring.keys["t"] = "sk-1234567890"
    keyring.is_open.clear()
    started, threads = time.monotonic(), threading.active_count()
    assert [store.where(target(name=f"t{number}")) for number in range(10)] == ["none"] * 10
    assert time.monotonic() - started < 0.6, "once 0.3 s, not ten times"
    assert threading.active_count() <= threads + 1
    with pytest.raises(AppError, match="does not answer"):
        store.store("t", "sk-1234567890", memory_ok=False)
    keyring.is_open.set()
    deadline = time.monotonic() + 5
    while store.where(target()) != "keyring" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert store.where(target()) == "keyring", "unlocked, it is used again"


def test_a_list_fetches_no_key_that_is_known_to_be_stored(keyring: FakeKeyring) -> None:
    store = SecretStore("steelyard-test")
    assert store.store("t", "sk-1234567890", memory_ok=False) == "keyring"
    assert [store.where(target()) for _ in range(3)] == ["keyring"] * 3
    assert keyring.fetched == []
    assert store.read(target(), {}) == "sk-1234567890"
    store.forget("t")
    assert store.where(target()) == "none"
    assert keyring.keys == {}


def target(key_env: str | None = None, name: str = "t") -> ApiTarget:
    return ApiTarget(name=name, url="https://h", model="m", format="openai", key_env=key_env)


def test_without_a_secure_keyring_the_command_line_refuses_and_names_the_way_out() -> None:
    with pytest.raises(AppError, match="--key-env"):
        SecretStore("steelyard-test").store("t", "sk-1234567890", memory_ok=False)


def test_the_app_keeps_such_a_key_in_memory_until_it_ends() -> None:
    store = SecretStore("steelyard-test")
    assert store.store("t", "sk-1234567890", memory_ok=True) == "memory"
    assert store.where(target()) == "memory"
    assert store.read(target(), {}) == "sk-1234567890"
    store.forget("t")
    assert store.where(target()) == "none"
    assert SecretStore("steelyard-test").read(target(), {}) is None


def test_a_variable_is_read_at_each_use_and_the_asking_process_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = SecretStore("steelyard-test")
    with pytest.raises(AppError, match="MY_KEY is not set"):
        store.read(target("MY_KEY"), {})
    monkeypatch.setenv("MY_KEY", "ours-12345")
    assert store.read(target("MY_KEY"), {}) == "ours-12345"
    assert store.read(target("MY_KEY"), {"MY_KEY": "theirs-12345"}) == "theirs-12345"


@pytest.mark.parametrize("key", ["", "  ", "a b", "kéy-123", "key\nX-Header: 1", "k" * 5000])
def test_keys_that_no_header_can_carry_are_refused(key: str) -> None:
    with pytest.raises(AppError, match="Not a usable key"):
        SecretStore("steelyard-test").store("t", key, memory_ok=True)


@pytest.mark.parametrize(
    "text",
    [
        "key sk-ant-REDACTME1234567890",
        "hf_REDACTME1234567890",
        "Authorization: Bearer REDACTME1234567890",
        "https://h/v1?api_key=REDACTME1234567890&x=1",
        "'x-api-key': 'REDACTME1234567890'",
        "AIzaREDACTME1234567890123456",
    ],
)
def test_key_shapes_are_masked(text: str) -> None:
    assert "REDACTME" not in redact(text)


def test_a_hostile_text_is_cut_before_it_is_searched() -> None:
    """Four megabytes that look like the start of a key again and again once took half an hour."""
    for text in ("eyJaaaaaaaa-" * 350_000, "eyJ" + "a" * 4_000_000, "sk-" * 1_400_000):
        assert len(redacted_head(text, 300)) <= 300
        redact(text[:200_000])
    assert "REDACTME" not in redacted_head("x " * 100 + "sk-REDACTME1234567890 " * 500, 300)


def test_known_values_are_masked_in_every_form() -> None:
    remember_secret("odd/shape+9")
    text = redact("raw odd/shape+9, url odd%2Fshape%2B9, base64 b2RkL3NoYXBlKzk=")
    assert "odd" not in text
    assert "b2Rk" not in text


def test_log_records_and_tracebacks_are_masked() -> None:
    remember_secret("traceback-secret-1")
    try:
        raise ValueError("it was traceback-secret-1")
    except ValueError as exc:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "for %s", ("traceback-secret-1",), (type(exc), exc, None)
        )
    RedactingFilter().filter(record)
    assert "traceback-secret-1" not in logging.Formatter().format(record)


def test_ordinary_text_is_left_alone() -> None:
    text = "task-force met at the risk-assessment; see https://h/v1/models?limit=5"
    assert redact(text) == text
