# The names that a repository has.
git -c http.extraHeader="AISecOps-Capability: $CAPABILITY" clone -q "$URL" "$(mktemp -d)/copy"
