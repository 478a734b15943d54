"""`check`: what is configured, what works, and what to do about the rest."""
