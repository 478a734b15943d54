"""The guard: whoever burns money out of the ordinary is told while it burns, and so is finance.

`clocks` judges plain figures, `watch` runs after each pull, `marks` is what people say to it, `cards` what they see.
"""
