"""Tasks: what a script asks the execution to do. Each is named by what it asks and by how often that was asked before,
so that a script that runs again gets what it got."""
import hashlib
import json
import threading

from cloudify.workflows import _channel, api

try:
    from cloudify.exceptions import WorkflowFailed as _WorkflowFailed
except ImportError:

    class _WorkflowFailed(Exception):
        pass


INFINITE_TOTAL_RETRIES = -1
DEFAULT_TOTAL_RETRIES = INFINITE_TOTAL_RETRIES
DEFAULT_RETRY_INTERVAL = 30

TASK_PENDING = 'pending'
TASK_SENT = 'sent'
TASK_STARTED = 'started'
TASK_SUCCEEDED = 'succeeded'
TASK_FAILED = 'failed'
TERMINATED_STATES = [TASK_FAILED, TASK_SUCCEEDED]

_counts = {}
_counting = threading.Lock()
_LONGEST_KEY = 160


class TaskFailed(_WorkflowFailed, RuntimeError):
    """A task has failed for good."""


class HandlerResult(object):
    """What a task's `on_success` or `on_failure` decides."""

    HANDLER_RETRY = 'handler_retry'
    HANDLER_FAIL = 'handler_fail'
    HANDLER_IGNORE = 'handler_ignore'
    HANDLER_CONTINUE = 'handler_continue'

    def __init__(self, action, ignore_total_retries=False, retry_after=None):
        self.action = action
        self.ignore_total_retries = ignore_total_retries
        self.retry_after = retry_after
        self.retried_task = None

    @classmethod
    def retry(cls, ignore_total_retries=False, retry_after=None):
        return cls(cls.HANDLER_RETRY, ignore_total_retries, retry_after)

    @classmethod
    def fail(cls):
        return cls(cls.HANDLER_FAIL)

    @classmethod
    def cont(cls):
        return cls(cls.HANDLER_CONTINUE)

    @classmethod
    def ignore(cls):
        return cls(cls.HANDLER_IGNORE)


def key_of(question):
    """The key of the next task that asks this."""
    with _counting:
        count = _counts.get(question, 0) + 1
        _counts[question] = count
    if len(question) > _LONGEST_KEY:
        digest = hashlib.sha256(question.encode('utf-8')).hexdigest()[:24]
        question = question[:_LONGEST_KEY] + '...' + digest
    return '%s #%d' % (question, count)


class WorkflowTask(object):
    """Something that is done once; `get()` waits for it."""

    is_subgraph = False
    # Of an operation: what it is, and of which instance.
    cloudify_context = None

    def __init__(self, ctx, question, call, name=None):
        self.workflow_context = ctx
        self.key = None
        self.question = question
        self.call = call
        self.name = name or question
        self.on_success = None
        self.on_failure = None
        self.info = None
        self.containing_subgraph = None
        self.handled = None
        self.error = None
        self._state = TASK_PENDING
        # Named at its making, which is the same in each run of the script; when it starts is not.
        self.key = key_of(question)

    @property
    def id(self):
        return self.key

    def start(self):
        self._state = TASK_STARTED
        _channel.send({'kind': 'calls', 'calls': [dict(self.call, key=self.key)]})
        return self

    apply_async = start

    def again(self):
        """The same once more, as another task."""
        task = WorkflowTask(self.workflow_context, self.question, self.call, self.name)
        task.cloudify_context = self.cloudify_context
        return task

    @property
    def ended(self):
        return _channel.outcome(self.key) is not None

    def get_state(self):
        self._look()
        return self._state

    def set_state(self, state):
        self._state = state

    def is_terminated(self):
        return self.get_state() in TERMINATED_STATES

    def is_nop(self):
        return False

    @property
    def async_result(self):
        return self

    def _look(self):
        outcome = _channel.outcome(self.key)
        if outcome is None or self._state in TERMINATED_STATES:
            return outcome
        self._state = TASK_SUCCEEDED if 'done' in outcome else TASK_FAILED
        if 'failed' in outcome:
            self.error = TaskFailed(text_of(outcome['failed']))
            self.error.failure = outcome['failed']
        return outcome

    def get(self, timeout=None, retry_on_failure=True):
        if self._state == TASK_PENDING:
            self.start()
        if not _channel.wait(lambda: _channel._outcomes.get(self.key) is not None or _channel.cancelled, timeout):
            raise RuntimeError('timed out waiting for %s' % self.name)
        outcome = self._look()
        if outcome is None or 'cancelled' in outcome:
            raise api.ExecutionCancelled()
        self.handled = True
        if 'failed' in outcome:
            raise self.error
        return outcome['done']

    @property
    def result(self):
        return self.get()

    def __repr__(self):
        return '<%s %s>' % (type(self).__name__, self.key)


class NOPTask(WorkflowTask):
    """Nothing: what an operation that is not mapped comes to."""

    def __init__(self, ctx, **_):
        super(NOPTask, self).__init__(ctx, 'nop', {}, 'nop')

    def start(self):
        self._state = TASK_SUCCEEDED
        return self

    apply_async = start

    def again(self):
        return NOPTask(self.workflow_context)

    def is_nop(self):
        return True

    @property
    def ended(self):
        return self._state == TASK_SUCCEEDED

    def get(self, timeout=None, retry_on_failure=True):
        self.start()
        return None


class LocalWorkflowTask(WorkflowTask):
    """A function of the script itself. It is not recorded: a script that runs again calls it again."""

    def __init__(self, ctx, local_task, args=(), kwargs=None, name=None):
        super(LocalWorkflowTask, self).__init__(ctx, 'local', {}, name or getattr(local_task, '__name__', 'local'))
        self.local_task = local_task
        self.args = args
        self.kwargs = kwargs or {}
        self._value = None

    def start(self):
        self._state = TASK_STARTED
        try:
            self._value = self.local_task(*self.args, **self.kwargs)
            self._state = TASK_SUCCEEDED
        except Exception as error:
            self.error = error
            self._state = TASK_FAILED
        return self

    apply_async = start

    def again(self):
        return LocalWorkflowTask(self.workflow_context, self.local_task, self.args, self.kwargs, self.name)

    @property
    def ended(self):
        return self._state in TERMINATED_STATES

    def get_state(self):
        return self._state

    def get(self, timeout=None, retry_on_failure=True):
        if self._state == TASK_PENDING:
            self.start()
        self.handled = True
        if self.error is not None:
            raise self.error
        return self._value


class RecordedLocalTask(LocalWorkflowTask):
    """A function that the script has run for it as a task: beside others, retried, and once. What it returned is on record."""

    def __init__(self, ctx, local_task, args=(), kwargs=None, name=None, total_retries=None, retry_interval=None):
        super(RecordedLocalTask, self).__init__(ctx, local_task, args, kwargs, name)
        self.key = key_of(question_of('local', self.name, '', _plain(self.kwargs)))
        self.total_retries = _channel.context['max_retries'] if total_retries is None else total_retries
        self.retry_interval = retry_interval

    def start(self):
        self._state = TASK_STARTED
        _channel.send({'kind': 'calls', 'calls': [{'call': 'local', 'key': self.key}]})
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        return self

    apply_async = start

    def again(self):
        return RecordedLocalTask(
            self.workflow_context, self.local_task, self.args, self.kwargs, self.name, self.total_retries, self.retry_interval
        )

    def _run(self):
        _channel.wait(lambda: _channel._outcomes.get(self.key) is not None)
        known = _channel.outcome(self.key).get('done')
        if isinstance(known, dict) and 'value' in known:
            self._end(known['value'])
            return
        try:
            value = self._retried()
        except BaseException as error:
            self._end(None, error)
            return
        record = {'call': 'record', 'key': self.key + ' result', 'of': self.key, 'value': {'value': _plain(value)}}
        _channel.send({'kind': 'calls', 'calls': [record]})
        self._end(value)

    def _retried(self):
        retry = 0
        while True:
            try:
                return self.local_task(*self.args, **self.kwargs)
            except Exception as error:
                if type(error).__name__ in _FINAL or 0 <= self.total_retries <= retry or _channel.cancelled:
                    raise
                pause = getattr(error, 'retry_after', None) or self.retry_interval or _channel.context['retry_interval']
                retry += 1
                # A cancel ends the pause.
                _channel.wait(lambda: _channel.cancelled, 1 if pause is None else pause)

    def _end(self, value, error=None):
        with _channel._changed:
            self._value = value
            self.error = error
            self._state = TASK_SUCCEEDED if error is None else TASK_FAILED
            _channel._changed.notify_all()

    def get(self, timeout=None, retry_on_failure=True):
        if self._state == TASK_PENDING:
            self.start()
        if not _channel.wait(lambda: self._state in TERMINATED_STATES or _channel.cancelled, timeout):
            raise RuntimeError('timed out waiting for %s' % self.name)
        if self._state not in TERMINATED_STATES:
            raise api.ExecutionCancelled()
        self.handled = True
        if self.error is not None:
            raise self.error
        return self._value


_FINAL = ('NonRecoverableError', 'HttpException', 'ExecutionCancelled')


def _plain(value):
    """What of a value can be written down."""
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        return None


def text_of(failure):
    if 'implementation' not in failure:
        return failure.get('message')
    where = failure.get('node_instance_id') or ''
    operation = failure.get('operation') or ''
    return 'Task failed: %s (%s:%s): %s' % (failure.get('implementation'), where, operation, failure.get('message'))


def question_of(kind, subject, operation, kwargs):
    given = ' %s' % json.dumps(kwargs, sort_keys=True) if kwargs else ''
    return '%s %s %s%s' % (kind, subject, operation, given)
