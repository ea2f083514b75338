"""One GET with a capability token; `mended` hands the proxy over by hand."""

import os
import sys

import urllib3
from urllib3.util import make_headers, parse_url

pool: urllib3.PoolManager
if "mended" in sys.argv:
    proxy = parse_url(os.environ["HTTPS_PROXY"])
    pool = urllib3.ProxyManager(
        os.environ["HTTPS_PROXY"],
        proxy_headers=make_headers(proxy_basic_auth=proxy.auth),
        ca_certs=os.environ.get("SSL_CERT_FILE"),
    )
else:
    pool = urllib3.PoolManager()
answer = pool.request(
    "GET", os.environ["URL"], headers={"AISecOps-Capability": os.environ["CAPABILITY"]}, retries=False
)
if answer.status >= 400:
    print("the body:", answer.data.decode())
    raise SystemExit(f"status {answer.status}")
