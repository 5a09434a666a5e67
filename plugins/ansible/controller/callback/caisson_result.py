"""Writes how each host fared, and the facts of the hosts, into the file that CAISSON_ANSIBLE_RESULT names."""
import json
import os

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
        if isinstance(facts, dict):
            self.facts.setdefault(result._host.get_name(), {}).update(facts)

    def v2_playbook_on_stats(self, stats):
        outcome = {
            "stats": {host: stats.summarize(host) for host in stats.processed},
            "failures": self.failures,
            "facts": self.facts,
        }
        path = os.environ["CAISSON_ANSIBLE_RESULT"]
        with open(path + ".part", "w") as out:
            json.dump(outcome, out, default=str)
        os.rename(path + ".part", path)
