# One GET with a capability token.
curl -sS --fail-with-body -H "AISecOps-Capability: $CAPABILITY" "$URL"
