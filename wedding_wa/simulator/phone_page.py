"""simulator: the pretend phone, a page for people."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
