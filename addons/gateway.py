"""What `mitmdump -s` is pointed at: one addon that closes when anything is wrong, and ends the process when it ends.

Production does not need this file: `aisecops gateway` starts the proxy itself. Absolute imports only, and nothing
else lies beside this file: its folder stands first on `sys.path`.
"""

from aisecops.ops.serve import addon_for_mitmdump

# An error here is logged while the proxy starts, and its error check then ends the process with 1.
addons = [addon_for_mitmdump()]
