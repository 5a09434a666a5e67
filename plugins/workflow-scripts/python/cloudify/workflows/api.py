"""The part of the interface by which a script notices that it is to end."""
from cloudify.workflows import _channel

EXECUTION_CANCELLED_RESULT = 'execution_cancelled'


class ExecutionCancelled(Exception):
    """The execution is being cancelled: raised wherever the script waits for a task."""

    def __init__(self, message='the execution was cancelled'):
        super(ExecutionCancelled, self).__init__(message)


def has_cancel_request():
    return _channel.cancelled


def cancel_request():
    return _channel.cancelled
