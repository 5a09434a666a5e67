"""Log lines of the plugin, on their way to the execution's events."""
import logging

from cloudify._logs import WorkerHandler

# Their debug lines hold what is sent to clouds, credentials included.
_CHATTY = ('boto3', 'botocore', 'urllib3', 'requests', 's3transfer', 'kubernetes', 'paramiko', 'azure', 'asyncio', 'pika')


def follow(root):
    """Takes in what plugins log without their context. Loggers of a context write for themselves."""
    handler = WorkerHandler(logging.INFO)
    handler.setFormatter(logging.Formatter('%(name)s: %(message)s'))
    handler.addFilter(lambda record: not record.name.startswith('ctx.'))
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    logging.setLoggerClass(_Logger)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Logger(logging.Logger):
    """Some plugins switch their libraries' chatter on themselves."""

    def setLevel(self, level):
        quiet = self.name.split('.')[0] in _CHATTY
        super().setLevel(max(logging.WARNING, logging._checkLevel(level)) if quiet else level)
