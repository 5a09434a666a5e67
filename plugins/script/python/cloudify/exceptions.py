"""The exceptions by which a script says what kind of failure it met. Any other counts as recoverable."""


class CloudifyError(Exception):
    pass


class NonRecoverableError(CloudifyError):
    """No attempt will ever go well."""

    def __init__(self, message='', causes=None, *args, **kwargs):
        self.message = message
        self.causes = causes or []
        super().__init__(message, *args, **kwargs)


class RecoverableError(CloudifyError):
    """It may go well another time.

    :param retry_after: seconds until the next attempt, instead of the operation's interval
    """

    def __init__(self, message='', retry_after=None, causes=None, *args, **kwargs):
        self.message = message
        self.retry_after = retry_after
        self.causes = causes or []
        suffix = '' if retry_after is None else ' [retry_after=%s]' % retry_after
        super().__init__('%s%s' % (message or '', suffix), *args, **kwargs)


class OperationRetry(RecoverableError):
    """Asks for another attempt, which is no failure."""


class HttpException(NonRecoverableError):
    def __init__(self, url, code, message='', causes=None, *args, **kwargs):
        self.url = url
        self.code = code
        super().__init__('%s (%s) : %s' % (url, code, message), causes, *args, **kwargs)


class ResourceNotFound(NonRecoverableError):
    pass


class TimeoutException(CloudifyError):
    pass


class ProcessException(CloudifyError):
    def __init__(self, command='', exit_code=1, stdout=None, stderr=None):
        self.command = command
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr
        super().__init__(stderr)


class CommandExecutionException(CloudifyError):
    def __init__(self, command, error, output, code):
        self.command = command
        self.error = error
        self.output = output
        self.code = code
        super().__init__(command, error, output, code)

    def __str__(self):
        return "Command '%s' executed with an error.\ncode: %s\nerror: %s\noutput: %s" % (
            self.command,
            self.code,
            self.error or None,
            self.output or None,
        )


class CommandExecutionError(RuntimeError):
    def __init__(self, command, error=None):
        self.command = command
        self.error = error
        super().__init__('Failed executing command: %s%s' % (command, '' if error is None else '\nError: %s' % error))


class StopAgent(CloudifyError):
    pass


class WorkflowFailed(CloudifyError):
    pass


class PluginInstallationError(CloudifyError):
    pass


class InvalidDictDefinition(CloudifyError):
    pass
