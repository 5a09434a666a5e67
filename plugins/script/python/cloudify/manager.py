"""There is no manager here. What scripts ask one for is answered as far as the context knows it."""
from cloudify import _wire
from cloudify._absent import Absent
from cloudify._context import ctx


class _Absent(Absent):
    _advice = '. Use the context (ctx), or the caisson command line'


class _Secrets(_Absent):
    def get(self, key, *_, **__):
        return {'key': key, 'value': _wire.call('get_secret', key=key)}

    def create(self, key, value, *_, **__):
        _wire.call('set_secret', key=key, value=_wire.plain(value))
        return {'key': key}

    update = create

    def delete(self, key, *_, **__):
        _wire.call('delete_secret', key=key)


class _Manager(_Absent):
    def get_context(self, *_, **__):
        return {'name': 'provider', 'context': {'cloudify': {'cloudify_agent': {}}}}


class _RestClient(_Absent):
    def __init__(self):
        super().__init__('client')
        self.secrets = _Secrets('client.secrets')
        self.manager = _Manager('client.manager')


def get_rest_client(*_, **__):
    return _RestClient()


def get_bootstrap_context(*_, **__):
    return {}


def get_resource(resource_path, *_, **__):
    return ctx.get_resource(resource_path)


def download_resource(resource_path, logger=None, target_path=None, *_, **__):
    return ctx.download_resource(resource_path, target_path)


def __getattr__(name):
    if name.startswith('__'):
        raise AttributeError(name)
    return _Absent('cloudify.manager.%s' % name)
