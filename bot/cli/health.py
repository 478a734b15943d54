"""Whether a process lives: what a container asks every few seconds, hence without loading anything of Bursar."""

import argparse
import sys
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE_S = 2.0


def main(args: argparse.Namespace) -> int:
    """Exit status 0 if it answers well, else 1 and why.

    Args:
        args: with `url`, http or https.
    """
    url: str = args.url
    if not url.startswith(("http://", "https://")):
        print(f"{url}: not an http address", file=sys.stderr)
        return 1
    try:
        with urlopen(url, timeout=PATIENCE_S):  # noqa: S310 - looked at above
            return 0
    except (URLError, OSError) as trouble:
        print(f"{url}: {trouble}", file=sys.stderr)
        return 1
