#!/bin/bash
port=$(ctx node properties port)
python3 - "$port" 2>/dev/null <<'PYTHON' || { echo "the web server does not answer" >&2; exit 1; }
import sys, urllib.request
urllib.request.urlopen('http://127.0.0.1:%s/metrics' % sys.argv[1], timeout=5).read()
PYTHON
