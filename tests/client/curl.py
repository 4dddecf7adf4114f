"""Understands as much of curl's command line as the guides use, so that the tests need no curl."""

import argparse
import sys

import httpx


def main() -> int:
    """22 for an error of HTTP with -f, as curl has it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-f", action="store_true")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-u", default=None)
    parser.add_argument("-X", default=None)
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d", default=None)
    given = parser.parse_args()
    auth = tuple(given.u.split(":", 1)) if given.u else None
    headers = dict(header.split(": ", 1) for header in given.H)
    method = given.X or ("GET" if given.d is None else "POST")
    content = None if given.d is None else given.d.encode()
    answer = httpx.request(method, given.url, auth=auth, headers=headers, content=content)
    sys.stdout.write(answer.text + "\n")
    return 22 if given.f and answer.is_error else 0


if __name__ == "__main__":
    sys.exit(main())
