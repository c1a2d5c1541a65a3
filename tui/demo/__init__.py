"""The embedded registry: an OCI registry that lives in memory, and a gallery of images with known faults.

Real clients can pull from it and push to it on loopback; nothing leaves the machine and nothing is written to disk.
"""
