"""Properties of nodes and node instances, as dictionaries."""
import copy

from cloudify import _wire
from cloudify.exceptions import NonRecoverableError

READ_ONLY = 'Cannot override read only properties'
READ_ONLY_TARGET = 'Cannot modify runtime properties of relationship node instances'


def _refusing(message):
    def refuse(self, *_, **__):
        raise NonRecoverableError(message)

    return refuse


class ImmutableProperties(dict):
    """A node's properties."""

    __setitem__ = __delitem__ = update = clear = pop = popitem = setdefault = _refusing(READ_ONLY)

    def __copy__(self):
        return dict(self)

    def __deepcopy__(self, memo):
        return copy.deepcopy(dict(self), memo)


class ReadOnlyRuntimeProperties(dict):
    """Runtime properties of the other side of a relationship: only relationship operations may write them."""

    __setitem__ = __delitem__ = update = clear = pop = popitem = setdefault = _refusing(READ_ONLY_TARGET)

    def __copy__(self):
        return dict(self)

    def __deepcopy__(self, memo):
        return copy.deepcopy(dict(self), memo)


class CopiedPlain(object):
    """Copies, pickled ones too, are plain dictionaries that the worker hears nothing of."""

    def __copy__(self):
        return dict(self)

    def __deepcopy__(self, memo):
        return copy.deepcopy(dict(self), memo)

    def __reduce__(self):
        return (dict, (dict(self),))


class RuntimeProperties(CopiedPlain, dict):
    """An instance's runtime properties.

    A change of its own is sent at once. What changes deeper inside is found by comparison with what was sent, whenever
    something is sent and when the script ends; so a dictionary that was put in may be filled afterwards.
    """

    def __init__(self, subject, properties):
        super().__init__(properties)
        self._subject = subject
        self._sent = _wire.plain(self)

    @property
    def dirty(self):
        return bool(difference(self._sent, _wire.plain(self, 'runtime property'), []))

    def send(self):
        """Tells the worker what has changed."""
        now = _wire.plain(self, 'runtime property')
        patch = difference(self._sent, now, [])
        if patch:
            _wire.call('patch', subject=self._subject, patch=patch)
            self._sent = copy.deepcopy(now)

    def replace(self, properties):
        """Takes other contents, which the worker knows already."""
        super().clear()
        super().update(properties)
        self._sent = _wire.plain(self)

    def _set_changed(self):
        """Scripts call it after a change deeper inside."""
        self.send()

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.send()

    def __delitem__(self, key):
        super().__delitem__(key)
        self.send()

    def update(self, *args, **kwargs):
        super().update(*args, **kwargs)
        self.send()

    def clear(self):
        super().clear()
        self.send()

    def pop(self, *args):
        value = super().pop(*args)
        self.send()
        return value

    def popitem(self):
        item = super().popitem()
        self.send()
        return item

    def setdefault(self, key, default=None):
        value = super().setdefault(key, default)
        self.send()
        return value


def difference(before, after, path):
    """Operations that make the one into the other; lists are set as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        patch = [['delete', path + [key]] for key in before if key not in after]
        for key, value in after.items():
            if key not in before:
                patch.append(['set', path + [key], value])
            else:
                patch.extend(difference(before[key], value, path + [key]))
        return patch
    # 1 == True and 1 == 1.0 in Python, but not in JSON.
    return [] if before == after and repr(before) == repr(after) else [['set', path, after]]
