"""Where images live: registries, OCI layouts, archives, Docker's local lists, storage folders; one protocol."""
