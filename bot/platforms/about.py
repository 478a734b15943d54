"""What every platform's directory of apps shows of the bot."""

NAME = "Bursar"
DESCRIPTION = "What is left of the AI budget, where it went, and more of it on request."
LONG_DESCRIPTION = (
    "Bursar governs what a company's people and agents spend on AI. Ask it what is left of a budget and where the "
    "money went, ask your manager for more, and decide what others ask of you with one button. Team leads "
    "split their pools among people; finance sees the whole, and every decision is written down. Personal "
    "figures are shown to the person they belong to and to nobody else in the channel."
)
