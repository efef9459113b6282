"""simulator: WAHA's paths, one file a noun."""
