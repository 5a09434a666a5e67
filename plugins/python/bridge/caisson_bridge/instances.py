"""Node instances whose properties the worker keeps."""
import copy

from cloudify import _wire, manager
from cloudify._properties import CopiedPlain, difference
from cloudify.exceptions import NonRecoverableError


class WorkerProperties(CopiedPlain, manager.DirtyTrackingDict):
    """A change of its own is sent at once, so that it outlives the operation's end, however that comes."""

    instance = None

    def _set_changed(self):
        super()._set_changed()
        if self.instance is None:
            return
        try:
            self.instance.send()
        except NonRecoverableError:
            # Not storable yet; whether it is in the end, the end will tell.
            pass

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]


class WorkerInstance(manager.NodeInstance):
    def __init__(self, subject, data):
        relationships = [
            {
                'type': one['type'],
                'target_id': one['target_id'],
                'target_name': one['target_name'],
            }
            for one in data['relationships']
        ]
        drift = data.get('drift')
        super().__init__(
            data['id'],
            data['node_id'],
            state=data['state'],
            version=data['version'],
            # Whoever hosts it, the worker tells the address of its host.
            host_id=data['id'],
            relationships=relationships,
            index=data['index'],
            scaling_groups=[{'id': key, 'name': name} for key, name in data['scaling_groups'].items()],
            system_properties={'configuration_drift': {'ok': drift is not None, 'result': drift}},
        )
        self._subject = subject
        self._sent = copy.deepcopy(data['runtime_properties'])
        self._take(data['runtime_properties'])

    def _take(self, properties):
        self._runtime_properties = WorkerProperties(copy.deepcopy(properties))
        self._runtime_properties.instance = self

    @property
    def writable(self):
        return '.' not in self._subject

    @property
    def runtime_properties(self):
        return self._runtime_properties

    @runtime_properties.setter
    def runtime_properties(self, properties):
        # Refuses for instances that are only looked at.
        manager.DirtyTrackingDict._set_changed(self._runtime_properties)
        self._take(properties)
        self._runtime_properties.modifiable = self.writable
        self._runtime_properties._set_changed()

    @property
    def dirty(self):
        """Also by what has changed deep inside."""
        return self._runtime_properties.dirty or self._sent != self._runtime_properties

    def send(self):
        """Tells the worker what has changed, and returns the name it knows the instance by."""
        now = _plain(self._runtime_properties)
        patch = difference(self._sent, now, [])
        if patch:
            _wire.call('patch', subject=self._subject, patch=patch)
            self._sent = copy.deepcopy(now)
        return self._subject


def _plain(properties):
    return _wire.plain(dict(properties), 'runtime property')
