"""One GET with a capability token; `mended` opens the tunnel by hand."""

import base64
import http.client
import os
import sys
from urllib.parse import unquote, urlsplit

url = urlsplit(os.environ["URL"])
if "mended" in sys.argv:
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    who = base64.b64encode(f"{unquote(proxy.username)}:{unquote(proxy.password)}".encode()).decode()
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=20)
    connection.set_tunnel(url.netloc, 443, {"Proxy-Authorization": f"Basic {who}"})
else:
    connection = http.client.HTTPSConnection(url.netloc, timeout=20)
connection.request("GET", url.path, headers={"AISecOps-Capability": os.environ["CAPABILITY"]})
answer = connection.getresponse()
if answer.status >= 400:
    print("the body:", answer.read().decode())
    raise SystemExit(f"status {answer.status}")
