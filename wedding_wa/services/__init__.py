"""The services room: what the app can do."""
