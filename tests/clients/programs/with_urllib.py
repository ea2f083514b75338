"""One GET with a capability token."""

import os
import urllib.request
from urllib.error import HTTPError

request = urllib.request.Request(os.environ["URL"], headers={"AISecOps-Capability": os.environ["CAPABILITY"]})
try:
    urllib.request.urlopen(request, timeout=20).read()
except HTTPError as error:
    print("the body:", error.read().decode())
    raise
