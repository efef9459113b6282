"""The domain room: the rules; they know nothing but the standard library."""
