"""How far households have come, and who wrote before the app was there."""
