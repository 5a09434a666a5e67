"""Sets a runtime property of the node instance that the playbook runs for: `path` (dots lead inwards) and `value`."""
import json
import os
import urllib.request

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        path, value = self._task.args.get("path"), self._task.args.get("value")
        url = os.environ.get("CTX_SOCKET_URL")
        if not path or not url:
            result.update(failed=True, msg="cloudify_runtime_property needs a path, and a playbook run by a blueprint")
            return result
        subject = os.environ.get("CAISSON_ANSIBLE_SUBJECT", "instance").split()
        words = [*subject, "runtime-properties", path, value]
        body = json.dumps({"args": words}, default=str).encode()
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        if answer.get("type") != "result":
            result.update(failed=True, msg=str(answer.get("payload")))
        else:
            result.update(changed=True)
        return result
