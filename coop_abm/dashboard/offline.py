"""How Solara is set before it is imported: nothing is sent out, nothing is fetched, little is kept.

Solara reads its settings from the environment at import, so importing this module must come first.
"""

from __future__ import annotations

import os

from platformdirs import user_cache_dir

#: No host at all: what is not in the installed assets is answered 404 instead of being fetched.
NOWHERE = "offline:"

SETTINGS = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_TELEMETRY_SERVER_USER_ID": "none",  # any word but its default, or an identifier is written to the home
    "SOLARA_ASSETS_CDN": NOWHERE,
    "SOLARA_ASSETS_PROXY": "true",  # the browser is sent to this server for what Solara calls its CDN
    "SOLARA_ASSETS_FONTAWESOME_ENABLED": "false",
    "SOLARA_MODE": "production",  # no watcher of files, no start-up check page
    "SOLARA_KERNEL_CULL_TIMEOUT": "10m",  # a session whose browser went away without a word
    "SOLARA_SESSION_HTTP_ONLY": "true",
    "SOLARA_THEME_LOADER": "plain",
    "SOLARA_THEME_TITLE": "coop_abm",
    "SOLARA_THEME_SHOW_BANNER": "false",
    "SOLARA_THEME_VARIANT": "light",
}
os.environ.update(SETTINGS)
os.environ.setdefault("SOLARA_HOME", os.path.join(user_cache_dir("coop_abm"), "solara"))  # else a folder in the home
