"""What workflow scripts of existing blueprints import: the context of the execution, and its parameters."""
from cloudify.workflows._context import ctx, parameters

workflow_ctx = ctx
workflow_parameters = parameters

__all__ = ['ctx', 'parameters', 'workflow_ctx', 'workflow_parameters']
