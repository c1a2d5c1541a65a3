"""fanfold: fan a container image tag out into its tree, check every object, fold manifest lists back together."""

__version__ = "0.1.0"
