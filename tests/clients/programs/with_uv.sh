# One package from an index. uv sends no header of the caller's, so the index is declared as a source.
UV_HTTP_RETRIES=0 uv pip install -q --no-cache --no-deps --python "$PYTHON" --target "$(mktemp -d)" --default-index "$URL" marked
