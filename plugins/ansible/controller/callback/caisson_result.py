"""Writes how each host fared, and the facts of the hosts, into the file that CAISSON_ANSIBLE_RESULT names; tells the worker
which task has begun."""
import json
import os
import urllib.request

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: caisson_result
type: aggregate
short_description: the outcome of a playbook as a file
description: Writes the outcome of a playbook for the program that ran it.
"""

# What is kept of one failure's message.
MOST_TEXT = 2000


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "caisson_result"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.failures = []
        self.facts = {}
        self.changes = {}
        self.play = None
        self.tasks = 0

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name()

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.tasks += 1
        _tell({"play": self.play, "task": task.get_name(), "tasks": self.tasks})

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def _failed(self, result, unreachable):
        reason = result._result.get("msg") or result._result.get("stderr") or "failed"
        self.failures.append(
            {
                "host": result._host.get_name(),
                "task": result._task.get_name(),
                "message": str(reason)[:MOST_TEXT],
                "unreachable": unreachable,
            }
        )

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self._failed(result, False)

    def v2_runner_on_unreachable(self, result):
        self._failed(result, True)

    def v2_runner_on_ok(self, result):
        facts = result._result.get("ansible_facts")
        host = result._host.get_name()
        if isinstance(facts, dict):
            self.facts.setdefault(host, {}).update(facts)
        if result._result.get("changed"):
            self.changes.setdefault(host, []).append(result._task.get_name())

    def v2_playbook_on_stats(self, stats):
        outcome = {
            "stats": {host: stats.summarize(host) for host in stats.processed},
            "failures": self.failures,
            "facts": self.facts,
            "changes": self.changes,
        }
        path = os.environ["CAISSON_ANSIBLE_RESULT"]
        with open(path + ".part", "w") as out:
            json.dump(outcome, out, default=str)
        os.rename(path + ".part", path)


def _tell(progress):
    url = os.environ.get("CTX_SOCKET_URL")
    if not url:
        return
    body = json.dumps({"call": "progress", "params": {"detail": progress}}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except OSError:
        # The playbook matters, not who watches it.
        pass
