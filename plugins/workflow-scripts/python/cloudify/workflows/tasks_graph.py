"""Graphs of tasks: built in graph mode, run by `execute()`."""
from cloudify.workflows import _channel, api, tasks
from cloudify.workflows.tasks import NOPTask, WorkflowTask


def forkjoin(*members):
    """Tasks of a sequence that run side by side."""
    return TaskSequence.ForkJoin(members)


class TaskSequence(object):
    """Tasks one after the other; `forkjoin` among them side by side."""

    class ForkJoin(object):
        def __init__(self, members):
            self.tasks = list(members)

    def __init__(self, graph):
        self.graph = graph
        self.last_fork_join_tasks = None

    def add(self, *members):
        for member in members:
            if member is None:
                continue
            group = member.tasks if isinstance(member, TaskSequence.ForkJoin) else [member]
            group = [task for task in group if task is not None]
            for task in group:
                self.graph.add_task(task)
                for before in self.last_fork_join_tasks or []:
                    self.graph.add_dependency(task, before)
            if group:
                self.last_fork_join_tasks = group


class TaskDependencyGraph(object):
    def __init__(self, workflow_context, name=None, default_subgraph_task_config=None):
        self.ctx = workflow_context
        self.name = name
        self._tasks = {}
        self._after = {}

    @property
    def tasks(self):
        return list(self._tasks.values())

    def tasks_iter(self):
        return iter(self.tasks)

    def get_task(self, task_id):
        return self._tasks.get(task_id)

    @property
    def _dependents(self):
        """By a task's id, the ids of those that wait for it."""
        found = {}
        for task, before in self._after.items():
            for one in before:
                found.setdefault(one, set()).add(task)
        return found

    def _is_execution_cancelled(self):
        return _channel.cancelled

    @property
    def _finished_tasks(self):
        # What has ended has been seen to.
        return {}

    def add_task(self, task):
        self._tasks.setdefault(task.key, task)

    def remove_task(self, task):
        self._tasks.pop(task.key, None)
        self._after.pop(task.key, None)
        for before in self._after.values():
            before.discard(task.key)

    def add_dependency(self, src_task, dst_task):
        """`src_task` begins after `dst_task` has ended."""
        for task in (src_task, dst_task):
            if task.key not in self._tasks:
                raise RuntimeError('%s is not in the graph' % task)
        self._after.setdefault(src_task.key, set()).add(dst_task.key)

    def remove_dependency(self, src_task, dst_task):
        self._after.get(src_task.key, set()).discard(dst_task.key)

    def get_dependencies(self, task):
        return [self._tasks[key] for key in self._after.get(task.key, ()) if key in self._tasks]

    def sequence(self):
        return TaskSequence(self)

    def subgraph(self, name):
        made = SubgraphTask(self, self.ctx, name)
        self.add_task(made)
        return made

    def execute(self):
        """Runs the tasks. Fails with every failed task, once what does not depend on them has ended."""
        started = {}
        done = set()
        failed = set()
        errors = []
        while True:
            if _channel.cancelled:
                raise api.ExecutionCancelled()
            progress = False
            for key, task in list(self._tasks.items()):
                if key not in started and self._may_start(key, task, started, done):
                    started[key] = task
                    task.start()
                    progress = True
            for key, task in list(started.items()):
                if key in done or key in failed or not self._has_ended(task, done, failed):
                    continue
                progress = True
                self._settle(key, task, started, done, failed, errors)
            if progress:
                continue
            running = [task for key, task in started.items() if key not in done and key not in failed]
            if not any(not isinstance(task, SubgraphTask) for task in running):
                break
            _channel.wait(lambda: _channel.cancelled or any(_ended(task) for task in running))
        self._tasks = {}
        self._after = {}
        if errors:
            raise _failure(errors)

    def _may_start(self, key, task, started, done):
        if any(before in self._tasks and before not in done for before in self._after.get(key, ())):
            return False
        within = task.containing_subgraph
        return within is None or within.key in started

    def _has_ended(self, task, done, failed):
        if isinstance(task, SubgraphTask):
            members = [one.key for one in task.members if one.key in self._tasks]
            return all(key in done for key in members) or any(key in failed for key in members)
        return _ended(task)

    def _settle(self, key, task, started, done, failed, errors):
        if isinstance(task, SubgraphTask):
            ill = next((one for one in task.members if one.key in failed), None)
            state = tasks.TASK_SUCCEEDED if ill is None else tasks.TASK_FAILED
            task._state = state
            if ill is not None:
                task.failed_task = ill
        else:
            state = task.get_state()
        handler = task.on_success if state == tasks.TASK_SUCCEEDED else task.on_failure
        action = None
        if handler is not None:
            verdict = handler(task)
            action = getattr(verdict, 'action', None)
        if action is None:
            action = 'handler_continue' if state == tasks.TASK_SUCCEEDED else 'handler_fail'
        if action in ('handler_continue', 'handler_ignore'):
            done.add(key)
        elif action == 'handler_retry':
            again = getattr(verdict, 'retried_task', None) or task.again()
            again.on_success, again.on_failure = task.on_success, task.on_failure
            again.containing_subgraph = task.containing_subgraph
            again.info = task.info
            if again.containing_subgraph is not None:
                members = again.containing_subgraph.members
                members[members.index(task)] = again
            self._replace(key, task, again)
            started.pop(key, None)
        else:
            failed.add(key)
            if isinstance(task, SubgraphTask):
                return
            errors.append((task, task.error))

    def _replace(self, key, task, again):
        self._tasks.pop(key, None)
        self._tasks[again.key] = again
        if key in self._after:
            self._after[again.key] = self._after.pop(key)
        for before in self._after.values():
            if key in before:
                before.discard(key)
                before.add(again.key)


class SubgraphTask(WorkflowTask):
    """Tasks that belong together: what depends on it waits for all of them."""

    is_subgraph = True

    def __init__(self, graph, workflow_context=None, name=None, **_):
        super(SubgraphTask, self).__init__(workflow_context, 'subgraph %s' % name, {}, name)
        self.graph = graph
        self.members = []
        self.failed_task = None

    @property
    def tasks(self):
        return {task.key: task for task in self.members}

    def add_task(self, task):
        self.graph.add_task(task)
        if task not in self.members:
            self.members.append(task)
        task.containing_subgraph = self

    def remove_task(self, task):
        if task in self.members:
            self.members.remove(task)
        self.graph.remove_task(task)

    def add_dependency(self, src_task, dst_task):
        self.graph.add_dependency(src_task, dst_task)

    def sequence(self):
        return TaskSequence(self)

    def subgraph(self, name):
        made = SubgraphTask(self.graph, self.workflow_context, name)
        self.add_task(made)
        return made

    def start(self):
        self._state = tasks.TASK_STARTED
        return self

    apply_async = start

    def get_state(self):
        return self._state


def _ended(task):
    # Looked at while messages are held back, so without asking for the channel's lock again.
    if isinstance(task, SubgraphTask):
        return False
    if isinstance(task, (NOPTask, tasks.LocalWorkflowTask)):
        return task.ended
    return task.key in _channel._outcomes


def _failure(errors):
    texts = [str(error) for _, error in errors]
    if len(texts) == 1:
        failure = tasks.TaskFailed(texts[0])
    else:
        failure = tasks.TaskFailed('%d operation errors:\n%s' % (len(texts), '\n'.join(texts)))
    return failure


def make_or_get_graph(function):
    """Graphs are made anew by each run of a script; what of them is done is recorded with the execution."""

    def made(*args, **kwargs):
        kwargs.pop('name', None)
        return function(*args, **kwargs)

    return made
