"""Names of event types and task states."""
from cloudify.workflows.tasks import (  # noqa: F401
    TASK_FAILED,
    TASK_PENDING,
    TASK_STARTED,
    TASK_SUCCEEDED,
)

TASK_SENDING = 'sending'
TASK_RESCHEDULED = 'rescheduled'
WORKFLOW_STARTED = 'workflow_started'
WORKFLOW_SUCCEEDED = 'workflow_succeeded'
WORKFLOW_FAILED = 'workflow_failed'
WORKFLOW_CANCELLED = 'workflow_cancelled'
