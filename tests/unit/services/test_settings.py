"""Boot settings: read once, checked, told in a sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from wedding_wa.services.secrets import SealBroken, Sealer
from wedding_wa.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working directory: no `.env` but one that a test writes."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "0", "greater than or equal to 1"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("SIM_PORT", "eighty", "valid integer"),
        ("SECRET_KEY", "short", "at least 16 characters"),
        ("PUBLIC_URL", "wedding.example", "must be a full address"),
        ("WEBHOOK_BASE_URL", "ftp://host", "must be a full address"),
        ("WAHA_URL_GROOM", "localhost:3000", "must be a full address"),
        ("WAHA_URL_BRIDE", "http://", "must be a full address"),
        ("DATABASE_URL", "mysql://host/db", "must begin with sqlite:///"),
        ("WORKER", "sometimes", "'inline' or 'off'"),
        ("WAHA_WORKER_INTERVAL", "0", "greater than 0"),
        ("WAHA_WORKER_INTERVAL", "nan", ""),
        ("SETTLE_AFTER_SECONDS", "-1", "greater than or equal to 0"),
        ("LOGIN_DAYS", "0", "greater than or equal to 1"),
        ("LOG_LEVEL", "LOUD", "'DEBUG', 'INFO'"),
    ],
)
def test_an_impossible_value_stops_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    """It names the setting as it is written in the environment, says what is wrong,
    and is one paragraph without a traceback's words."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as stopped:
        load_settings()
    sentence = str(stopped.value)
    assert f"{name}: " in sentence
    assert says in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "pydantic" not in sentence


def test_every_wrong_value_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody mends settings one start at a time. A secret's value is not repeated."""
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("SECRET_KEY", "tiny-secret")
    with pytest.raises(SettingsError) as stopped:
        load_settings()
    assert "PORT" in str(stopped.value)
    assert "SECRET_KEY" in str(stopped.value)
    assert "tiny-secret" not in str(stopped.value)


def test_the_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    """`.env` of the working directory; unknown names in it are not ours."""
    (elsewhere / ".env").write_text(
        "PORT=9001\nSIM_PORT=9002\n# a remark\nPOSTGRES_PASSWORD=not-ours\n"
    )
    monkeypatch.setenv("PORT", "9003")
    settings = load_settings()
    assert (settings.port, settings.sim_port) == (9003, 9002)


def test_without_any_setting_the_simulator_stands_in(elsewhere: Path) -> None:
    """Both accounts reach the built-in simulator, each its own session."""
    settings = load_settings()
    assert settings.simulated
    for key in ("groom", "bride"):
        waha = settings.waha(key)
        assert waha is not None
        assert (waha.url, waha.session) == ("http://127.0.0.1:8010", key)
    assert settings.database == f"sqlite:///{settings.data_dir}/wedding_wa.db"
    assert settings.public == "http://localhost:8000"


def test_one_waha_alone_leaves_the_other_account_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No simulator beside a real number: nobody takes one for the other."""
    monkeypatch.setenv("WAHA_URL_GROOM", "http://waha-groom:3000/")
    monkeypatch.setenv("WAHA_API_KEY_GROOM", "key-of-the-groom")
    monkeypatch.setenv("WAHA_WEBHOOK_SECRET_GROOM", "hook-of-the-groom")
    settings = load_settings()
    assert not settings.simulated
    waha = settings.waha("groom")
    assert waha is not None
    assert (waha.url, waha.session) == ("http://waha-groom:3000", "default")
    assert waha.api_key.get_secret_value() == "key-of-the-groom"
    assert settings.waha("bride") is None


def test_secrets_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the settings' own words nor in an account's."""
    monkeypatch.setenv("SECRET_KEY", "canary-of-the-app-itself")
    monkeypatch.setenv("WAHA_URL_GROOM", "http://waha:3000")
    monkeypatch.setenv("WAHA_API_KEY_GROOM", "canary-key")
    monkeypatch.setenv("WAHA_WEBHOOK_SECRET_GROOM", "canary-hook")
    settings = load_settings()
    shown = (
        f"{settings!r} {settings} {settings.waha('groom')!r} {settings.model_dump()}"
    )
    assert "canary" not in shown


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("postgresql://u:p@db/wedding", "postgresql+psycopg://u:p@db/wedding"),
        ("postgresql+psycopg://db/w", "postgresql+psycopg://db/w"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_a_database_url_is_used_with_our_driver(
    monkeypatch: pytest.MonkeyPatch, url: str, database: str
) -> None:
    """People write postgresql://; the driver is psycopg."""
    monkeypatch.setenv("DATABASE_URL", url)
    assert load_settings().database == database


def test_only_known_origins_may_open_the_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """localhost, 127.0.0.1 and PUBLIC_URL; https there means secure cookies."""
    monkeypatch.setenv("PUBLIC_URL", "https://wedding.example/app/")
    settings = load_settings()
    assert settings.allowed_origins == [
        "http://127.0.0.1:8000",
        "http://localhost:8000",
        "https://wedding.example",
    ]
    assert settings.secure_cookies


def test_waha_is_told_the_address_it_may_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one for WAHA, else the public one, else this machine; the built-in
    simulator is always beside us."""
    monkeypatch.setenv("PUBLIC_URL", "https://wedding.example/")
    assert load_settings().webhook_base == "http://127.0.0.1:8000"
    monkeypatch.setenv("WAHA_URL_GROOM", "http://waha:3000")
    monkeypatch.setenv("WAHA_API_KEY_GROOM", "a-key")
    assert load_settings().webhook_base == "https://wedding.example"
    monkeypatch.setenv("WEBHOOK_BASE_URL", "http://app:8000")
    assert load_settings().webhook_base == "http://app:8000"


def test_the_generated_secret_is_private_and_stays(elsewhere: Path) -> None:
    """Made once, mode 600, the same at every start, and nothing beside it."""
    settings = load_settings()
    key = settings.key_material()
    assert len(key) >= 32
    assert load_settings().key_material() == key
    path = settings.data_dir / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_secret_that_is_set_is_used_and_none_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SECRET_KEY leaves no file."""
    monkeypatch.setenv("SECRET_KEY", "sixteen-letters-long")
    settings = load_settings()
    assert settings.key_material() == b"sixteen-letters-long"
    assert not settings.data_dir.exists()


def test_a_data_dir_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    """One sentence with the remedy."""
    (elsewhere / "taken").write_text("a file, not a folder")
    monkeypatch.setenv("DATA_DIR", str(elsewhere / "taken" / "data"))
    with pytest.raises(SettingsError, match="Set DATA_DIR to a directory"):
        load_settings().key_material()


def test_what_is_sealed_opens_only_with_its_key() -> None:
    """A look at the database shows nothing; another SECRET_KEY is told as such."""
    sealer = Sealer(b"the app's own secret")
    sealed = sealer.seal("waha-key")
    assert "waha-key" not in sealed
    assert sealer.seal("waha-key") != sealed
    assert sealer.open(sealed) == "waha-key"
    assert sealer.open(sealer.seal("")) == ""
    with pytest.raises(SealBroken):
        Sealer(b"another secret").open(sealed)
    with pytest.raises(SealBroken):
        sealer.open(sealed[:-4] + "AAAA")


def test_a_derived_token_is_the_same_at_every_start() -> None:
    """One a purpose, following from the secret key alone."""
    one, two = Sealer(b"secret"), Sealer(b"secret")
    assert one.token("setup") == two.token("setup")
    assert one.token("setup") != one.token("webhook")
    assert Sealer(b"other").token("setup") != one.token("setup")
