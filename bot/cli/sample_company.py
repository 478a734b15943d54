"""Makes the sample company ready to be looked at: its figures read, and on any day something for everybody to see."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection

from bot.app import App
from bot.delivery import AFTER_READING
from bot.providers.sample.provider import Sample
from bot.sync.usage import pull
from bot.texts import t
from handlers.events import DetectWaste
from handlers.periods import add_months
from handlers.place import Place
from handlers.sentence import Sentence
from storage import claims, limits, pulls, requests
from storage.limits import Subject

DAY = timedelta(days=1)
DOT_S = 2.0
NANOS = 10**9

# Whose limit somebody changes at the provider, and to what.
CHANGED, CHANGED_NANOS = Subject("user", "usr_bob"), 900 * NANOS
# What people bought themselves in the month before: by whom, what, who decides it, and whether it is paid back, too.
CLAIMS = (
    ("bob", "claim 20 USD for Perplexity Pro in {month}: look up libraries with sources", "lea", True),
    ("divya", "claim 34.50 USD for Raycast in {month}: ask models from anywhere", "max", False),
    ("ana", "claim 49 USD for Warp in {month}: terminal with agents", "", False),
)
PAYER = "fay"
# Who asks whom for more.
ASKER, APPROVER = "priya", "max"
WISH = "request 120 compare two rerankers on the whole index"


def prepare(app: App, *, staged: bool = True) -> None:
    """Read the sample company, and let happen what happens in any company, so that there is something to see.

    A program spends far above usual just now; a request waits; somebody has changed a limit at the provider. What was
    settled stays settled: only the spike begins anew each time, and a request if none waits.

    Args:
        app: the bot, with the sample among its providers.
        staged: whether any of that happens; without it, figures are read and no more.
    """
    name, sample = next((name, each) for name, each in app.providers.items() if isinstance(each, Sample))
    how = app.reading(name)
    is_first = not app.database.ask(pulls.pulled)
    reading = (
        t("Reading {n} days of the sample company's usage (about 15 s, once)", n=how.history_days)
        if is_first
        else t("Reading what is new")
    )
    with _said(reading):
        if staged and not is_first:
            pull(app.database, sample, how, app.now)
            _look(app)  # the spike of an earlier day is over before another begins
        if staged:
            sample.begin_spike()
        pull(app.database, sample, how, app.now)
    if not staged:
        return
    with _said(t("Comparing limits, looking for spikes and waste")):
        _change_a_limit(app, name, sample)
        _look(app)
        if is_first:
            app.handle(DetectWaste(), "clock")
        _ask_for_more(app)
        if is_first:
            _claim(app)


def _look(app: App) -> None:
    """What follows each reading."""
    for event in AFTER_READING:
        app.handle(event, "clock")


def _change_a_limit(app: App, name: str, sample: Sample) -> None:
    """Let somebody change a limit at the provider, once it is known how it was."""
    if app.database.ask(lambda conn: limits.find(conn, name, CHANGED)) is None:
        app.limits.read(sample)
        sample.set_limit(CHANGED, CHANGED_NANOS)
    app.limits.read(sample)


def _claim(app: App) -> None:
    """Let people claim what they bought, with its receipt: one is paid back, one is approved, one waits."""
    month = f"{add_months(app.now().date().replace(day=1), -1):%Y-%m}"
    for who, words, decider, is_paid in CLAIMS:
        text = words.format(month=month)
        receipt = app.keep_receipt(who, paper(text.partition(":")[0].removeprefix("claim ")))
        _say(app, who, text, receipt=receipt)
        number = _latest_claim(app, who)
        if decider:
            _say(app, decider, f"approve {number}")
        if is_paid:
            _say(app, PAYER, f"paid {number}")


def _latest_claim(app: App, person: str) -> int:
    made = app.database.ask(lambda conn: claims.of_account(conn, f"person/{person}", app.now() - DAY))
    return max(each.request.id for each in made)


def _say(app: App, person: str, text: str, **inputs: str) -> None:
    delivery = f"sample/{person}/{text}"
    app.hear(Sentence(text, person, Place("web", person), inputs=inputs, delivery=delivery))


def paper(words: str) -> bytes:
    """A page with a line on it, as a receipt is (PDF 1.7, ISO 32000-1)."""
    line = f"BT /F 14 Tf 40 100 Td ({words}) Tj ET".encode("latin-1")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(line), line),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, starts = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        starts.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % each for each in starts)
    size = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


def _ask_for_more(app: App) -> None:
    """Let somebody ask for more, unless a request waits."""

    def waits(conn: Connection) -> bool:
        return any(each.kind != "claim" for each, _ in requests.waiting_for(conn, APPROVER))

    if not app.database.ask(waits):
        delivery = f"sample/{app.now():%Y-%m-%d}"
        app.hear(Sentence(WISH, ASKER, Place("web", ASKER), delivery=delivery))


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Say what is being done, and that it is still being done: a dot every two seconds."""
    done = threading.Event()

    def dots() -> None:
        while not done.wait(DOT_S):
            print(".", end="", file=sys.stderr, flush=True)

    print(f"{what} ..", end="", file=sys.stderr, flush=True)
    thread = threading.Thread(target=dots)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        print(file=sys.stderr)
