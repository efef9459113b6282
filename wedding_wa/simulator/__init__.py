"""The simulator room: a pretend WAHA and a pretend WhatsApp behind it."""
