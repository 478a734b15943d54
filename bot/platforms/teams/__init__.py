"""Microsoft Teams."""

import warnings

# The SDK says so at its import, and of messages to one person alone, for whose refusal we are prepared.
warnings.filterwarnings("ignore", ".* is in preview and may change", FutureWarning)
