"""Pure data of container images: references, digests, platforms, descriptors, manifests, configs, statements.

Nothing here does input or output, and nothing raises anything but an OciError, whatever the input.
"""
