"""How Python's cyclic garbage collector runs in a server."""

import gc

# A request makes some hundred objects that live until its answer, one of 500 orders some ten thousand: at Python's own
# 700 the collector runs for every few of them and finds nothing, and each full run stops the process for tens of
# milliseconds.
_YOUNG, _MIDDLE, _OLD = 50_000, 10, 20


def collect_less_often() -> None:
    """Set aside what is loaded by now, for good, and collect less often; to be called before the first request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
