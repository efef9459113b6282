"""settings: what the start needs, from the environment and `.env`.

Impossible values stop the start with one sentence that says what mends it. What the
owner edits while the app runs (limits and the like) is policy and lives in the
database. Every field stands in docs/settings.md; a test checks.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ACCOUNT_KEYS = ("groom", "bride")
SIMULATOR_API_KEY = "simulator"

_MIN_SECRET = 16

Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(Exception):
    """A setting is impossible. `str()` is the sentence shown to the operator."""


@dataclass(frozen=True, slots=True)
class WahaSettings:
    """How one account reaches its WAHA. Secrets stay out of `repr`."""

    url: str
    api_key: SecretStr
    session: str
    webhook_secret: SecretStr | None


class Settings(BaseSettings):
    """Boot settings. Names in the environment are the upper-case field names."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,  # `PORT=` means: not set
        extra="ignore",
        frozen=True,
    )

    host: str = "127.0.0.1"
    port: Port = 8000
    sim_port: Port = 8010
    data_dir: Path = Path(".data")
    database_url: str = ""
    secret_key: SecretStr = SecretStr("")
    public_url: str = ""
    webhook_base_url: str = ""
    proxy_addresses: str = "127.0.0.1"

    waha_url_groom: str = ""
    waha_api_key_groom: SecretStr = SecretStr("")
    waha_session_groom: str = "default"
    waha_webhook_secret_groom: SecretStr = SecretStr("")
    waha_url_bride: str = ""
    waha_api_key_bride: SecretStr = SecretStr("")
    waha_session_bride: str = "default"
    waha_webhook_secret_bride: SecretStr = SecretStr("")

    worker: Literal["inline", "off"] = "inline"
    waha_worker_interval: Annotated[float, Field(gt=0, le=3600)] = 60.0
    settle_after_seconds: Annotated[float, Field(ge=0, le=86400)] = 300.0
    api_rate_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = 600
    api_rate_per_minute_wedding: Annotated[int, Field(ge=0, le=1_000_000)] = 1200
    api_cors_origins: str = ""
    login_days: Annotated[int, Field(ge=1, le=365)] = 30
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator(
        "public_url", "webhook_base_url", "waha_url_groom", "waha_url_bride"
    )
    @classmethod
    def _http_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be a full address such as http://localhost:3000")
        return value.rstrip("/")

    @field_validator("api_cors_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        parts = [one.strip().rstrip("/").lower() for one in value.split(",")]
        origins = [one for one in parts if one]
        for one in origins:
            exact = one.startswith(("http://", "https://")) and one == _origin(one)
            if not exact or not urlsplit(one).hostname or "@" in one:
                raise ValueError(
                    "must be exact origins such as https://site.example, with commas"
                )
        return ",".join(origins)

    @field_validator("proxy_addresses")
    @classmethod
    def _networks(cls, value: str) -> str:
        parts = [] if value == "none" else [one.strip() for one in value.split(",")]
        try:
            for one in parts:
                ipaddress.ip_network(one)
        except ValueError as error:
            raise ValueError(
                "must be addresses or networks such as 172.18.0.0/16, with commas"
            ) from error
        return ",".join(parts)

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < _MIN_SECRET:
            raise ValueError(f"must have at least {_MIN_SECRET} characters")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @property
    def simulated(self) -> bool:
        """True where no WAHA is configured: the built-in simulator stands in."""
        return not (self.waha_url_groom or self.waha_url_bride)

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.sim_port}"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL: what was set, or the embedded SQLite file."""
        url = self.database_url or f"sqlite:///{self.data_dir.resolve()}/wedding_wa.db"
        return url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def public(self) -> str:
        """The address people open, without a slash at the end."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def webhook_base(self) -> str:
        """The address at which WAHA may reach this app: tried, not believed."""
        here = f"http://127.0.0.1:{self.port}"
        told = "" if self.simulated else self.public_url  # the simulator is beside us
        return self.webhook_base_url or told or here

    @property
    def secure_cookies(self) -> bool:
        return self.public.startswith("https://")

    @property
    def allowed_origins(self) -> list[str]:
        """The only origins whose pages may open the socket or post a form."""
        local = [f"http://{host}:{self.port}" for host in ("localhost", "127.0.0.1")]
        return sorted({*local, _origin(self.public)})

    @property
    def api_origins(self) -> list[str]:
        """Other origins whose pages may talk to the API; none unless set."""
        return [one for one in self.api_cors_origins.split(",") if one]

    def waha(self, account: str) -> WahaSettings | None:
        """How `account` reaches WAHA; None where only the other one is configured."""
        if self.simulated:
            return WahaSettings(
                self.simulator_url, SecretStr(SIMULATOR_API_KEY), account, None
            )
        url: str = getattr(self, f"waha_url_{account}")
        if not url:
            return None
        secret: SecretStr = getattr(self, f"waha_webhook_secret_{account}")
        return WahaSettings(
            url=url,
            api_key=getattr(self, f"waha_api_key_{account}"),
            session=getattr(self, f"waha_session_{account}"),
            webhook_secret=secret if secret.get_secret_value() else None,
        )

    def key_material(self) -> bytes:
        """The secret that signs and encrypts: set, or generated once (mode 600).

        Raises SettingsError where the data directory cannot be written.
        """
        if value := self.secret_key.get_secret_value():
            return value.encode()
        return _generated_secret(self.data_dir / "secret_key")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _generated_secret(path: Path) -> bytes:
    """Make the file whole before it has its name: two first starts agree on one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"Cannot write to {path.parent} ({error.strerror}). "
            "Set DATA_DIR to a directory that you own."
        ) from error


def load_settings() -> Settings:
    """Read the environment and `.env`. Raises SettingsError with a sentence."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error


def _sentence(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]).upper() if problem["loc"] else "A setting"
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {message[0].lower()}{message[1:]}.")
    return "Please mend these settings. " + " ".join(lines)
