"""Speaking to a registry: the only package that imports httpx and aiohttp.

Import from the modules themselves (`tui.registry.client`, `tui.registry.errors` ...); this file stays empty so that
reading the settings or catching an error costs no import of an HTTP library.
"""
