"""How often the guard and the detectors are right, measured on companies whose truth is known (make score)."""
