# One package from a registry. npm sends no header of the caller's, so the registry is declared as a source.
cd "$(mktemp -d)" || exit
npm install --no-save --no-audit --no-fund --no-update-notifier --fetch-retries=0 --cache "$PWD/cache" --registry "$URL" marked
