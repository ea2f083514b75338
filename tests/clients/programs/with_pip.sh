# One package from an index. pip sends no header of the caller's, so the index is declared as a source.
"$PYTHON" -m pip download --retries 0 --no-deps --no-cache-dir --disable-pip-version-check -d "$(mktemp -d)" -i "$URL" marked
