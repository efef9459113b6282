"""wedding_wa: messages wedding guests on WhatsApp, like a person would."""
