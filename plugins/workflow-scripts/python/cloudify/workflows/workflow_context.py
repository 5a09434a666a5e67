"""The context's classes under the name by which some scripts import them."""
from cloudify.workflows._context import (  # noqa: F401
    CloudifyWorkflowContext,
    CloudifyWorkflowNode,
    CloudifyWorkflowNodeInstance,
    CloudifyWorkflowRelationship,
    CloudifyWorkflowRelationshipInstance,
    task_config,
)
