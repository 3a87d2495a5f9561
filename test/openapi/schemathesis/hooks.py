"""Corrects generated requests that would break a rule which a JSON schema cannot express."""

import itertools
import re

import schemathesis

CURSOR = re.compile(r"[A-Za-z0-9_-]{0,200}")
KEY = re.compile(r"[!-~]{1,255}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

numbers = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    without_cursor(case)
    with_new_key(case)
    with_days_in_order(case.body)


def without_cursor(case):
    """Removes the cursor. The server accepts only cursors that it has signed for the list."""
    if isinstance(case.query, dict) and matches(CURSOR, case.query.get("cursor")):
        del case.query["cursor"]


def with_new_key(case):
    """Sets a new key, because the server rejects a key that was used with another body."""
    if case.headers is not None and matches(KEY, case.headers.get("Idempotency-Key")):
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"


def with_days_in_order(body):
    """Swaps the days if `endsOn` is before `startsOn`."""
    if not isinstance(body, dict):
        return
    first, last = body.get("startsOn"), body.get("endsOn")
    if matches(DAY, first) and matches(DAY, last) and last < first:
        body["startsOn"], body["endsOn"] = last, first


def matches(pattern, value):
    return isinstance(value, str) and pattern.fullmatch(value) is not None
