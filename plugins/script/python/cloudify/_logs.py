"""Log lines on their way to the execution's events."""
import logging

from cloudify import _wire


class WorkerHandler(logging.Handler):
    def emit(self, record):
        try:
            level = record.levelname.lower()
            _wire.call('log', level='error' if level == 'critical' else level, message=self.format(record))
        except Exception:
            # A line that cannot be written does not fail the operation.
            pass
