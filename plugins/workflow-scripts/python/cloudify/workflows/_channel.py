"""The two pipes to the execution: lines of JSON, what came of a task by the key that names it."""
import json
import os
import threading

_lock = threading.Lock()
_changed = threading.Condition()
_outcomes = {}
_answers = {}
_writer = None
_counter = 0
cancelled = False
context = None


def open():
    """Begins to talk; returns when the execution has told its context."""
    global _writer, context
    _writer = os.fdopen(4, 'w', encoding='utf-8')
    reader = os.fdopen(3, 'r', encoding='utf-8')
    context = json.loads(reader.readline())
    thread = threading.Thread(target=_listen, args=(reader,), daemon=True)
    thread.start()


def send(message):
    text = json.dumps(message)
    with _lock:
        try:
            _writer.write(text + '\n')
            _writer.flush()
        except (OSError, ValueError):
            # The worker is gone, and nobody is left to work for: another one runs the script again.
            os._exit(75)


def ask(question, **fields):
    """Sends a question and waits for its answer."""
    global _counter
    with _changed:
        _counter += 1
        number = _counter
    send(dict(fields, kind=question, id=number))
    with _changed:
        while number not in _answers:
            _changed.wait(1)
        answer = _answers.pop(number)
    if 'error' in answer:
        from cloudify.exceptions import NonRecoverableError

        raise NonRecoverableError(answer['error'])
    return answer['value']


def outcome(key):
    """What came of a task; None while it has not ended."""
    with _changed:
        return _outcomes.get(key)


def wait(ready, timeout=None):
    """Waits until something holds, looking whenever a message comes. Returns whether it holds."""
    with _changed:
        return _changed.wait_for(ready, timeout)


def _listen(reader):
    global cancelled
    for line in reader:
        message = json.loads(line)
        with _changed:
            if message['kind'] == 'outcome':
                _outcomes[message['key']] = message
            elif message['kind'] == 'cancel':
                cancelled = True
            elif message['kind'] == 'answer':
                _answers[message['id']] = message
            _changed.notify_all()
    os._exit(75)
