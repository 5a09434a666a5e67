"""Those helpers of `cloudify.utils` that scripts use."""
import logging
import os
import random
import shlex
import string
import subprocess
import sys
import tempfile
import time
import traceback

from cloudify.exceptions import CommandExecutionException


def setup_logger(logger_name, logger_level=logging.DEBUG, handlers=None, remove_existing_handlers=True, *_, **__):
    logger = logging.getLogger(logger_name)
    if remove_existing_handlers:
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
    for handler in handlers or [logging.StreamHandler(sys.stdout)]:
        logger.addHandler(handler)
    logger.setLevel(logger_level)
    logger.propagate = False
    return logger


def exception_to_error_cause(exc_value, tb):
    """An exception as an entry of an error's `causes`."""
    lines = traceback.format_exception(type(exc_value), exc_value, tb)
    return {'message': str(exc_value), 'type': type(exc_value).__name__, 'traceback': ''.join(lines)}


def format_exception(error):
    return '%s: %s' % (type(error).__name__, error)


def id_generator(size=6, chars=string.ascii_uppercase + string.digits):
    return ''.join(random.choice(chars) for _ in range(size))


def get_exec_tempdir():
    return os.environ.get('CFY_EXEC_TEMP') or tempfile.gettempdir()


def create_temp_folder():
    return tempfile.mkdtemp(dir=get_exec_tempdir())


def get_tenant_name():
    from cloudify import ctx

    return ctx.tenant_name


def get_tenant():
    return {'name': get_tenant_name()}


def get_instances_of_node(*_, **__):
    from cloudify.exceptions import NonRecoverableError

    raise NonRecoverableError('get_instances_of_node needs a Cloudify manager, and there is none')


class CommandExecutionResponse(object):
    def __init__(self, command, std_out, std_err, return_code):
        self.command = command
        self.std_out = std_out
        self.std_err = std_err
        self.return_code = return_code


class LocalCommandRunner(object):
    """Runs commands on this machine."""

    def __init__(self, logger=None, host='localhost'):
        self.logger = logger or setup_logger('LocalCommandRunner')
        self.host = host

    def run(
        self,
        command,
        exit_on_failure=True,
        stdout_pipe=True,
        stderr_pipe=True,
        cwd=None,
        execution_env=None,
        encoding='utf-8',
    ):
        """:raises CommandExecutionException: for a return code other than 0, unless told not to"""
        words = command if isinstance(command, list) else shlex.split(command)
        self.logger.debug('run: %s', command)
        environment = dict(os.environ, **(execution_env or {}))
        process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE if stdout_pipe else None,
            stderr=subprocess.PIPE if stderr_pipe else None,
            cwd=cwd,
            env=environment,
        )
        out, err = process.communicate()
        out = '' if out is None else out.decode(encoding, 'replace').rstrip()
        err = '' if err is None else err.decode(encoding, 'replace').rstrip()
        if process.returncode != 0:
            error = CommandExecutionException(command=command, error=err, output=out, code=process.returncode)
            self.logger.error(str(error))
            if exit_on_failure:
                raise error
        return CommandExecutionResponse(command, out, err, process.returncode)


class Internal(object):
    @staticmethod
    def get_install_method(properties):
        return (properties.get('agent_config') or {}).get('install_method') or properties.get('install_agent')


internal = Internal()


def wait_for(callable_obj, callable_obj_key, value_attr, test_value, exception, msg='', timeout=30):
    """Calls until the result's attribute has the value, for up to `timeout` seconds."""
    deadline = time.time() + timeout
    while time.time() < deadline:
        result = callable_obj(callable_obj_key)
        if getattr(result, value_attr, None) == test_value:
            return result
        time.sleep(1)
    raise exception(msg)
