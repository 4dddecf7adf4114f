#!/opt/karla/bin/python
"""Ends with 0 if the process in this container answers `/healthz`: a worker on KARLA_WORKER_PORT, else the API."""

import os
import sys
import urllib.request

port = os.environ.get("KARLA_WORKER_PORT") or os.environ.get("KARLA_PORT") or "8080"
try:
    # Not through a proxy, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    sys.exit(opener.open(f"http://127.0.0.1:{port}/healthz", timeout=4).status != 200)
except OSError as error:
    sys.exit(f"/healthz on port {port}: {error}")
