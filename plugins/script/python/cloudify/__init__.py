"""What scripts of existing blueprints import from `cloudify`, over the context that the worker serves."""
from cloudify._context import ctx

__all__ = ['ctx']
