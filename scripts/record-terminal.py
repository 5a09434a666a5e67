"""Records what a command prints on a terminal, as an asciicast (version 2): python3 scripts/record-terminal.py OUT -- COMMAND…"""
import codecs
import json
import os
import pty
import select
import struct
import sys
import termios
import time
from fcntl import ioctl

COLUMNS, ROWS = 110, 32


def record(out, command):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', ROWS, COLUMNS, 0, 0))
    decoder = codecs.getincrementaldecoder('utf-8')(errors='replace')
    begin = time.monotonic()
    with open(out, 'w', encoding='utf-8') as cast:
        header = {'version': 2, 'width': COLUMNS, 'height': ROWS, 'title': ' '.join(command)}
        cast.write(json.dumps(header) + '\n')
        while True:
            ready, _, _ = select.select([terminal], [], [], 60)
            try:
                data = os.read(terminal, 65536) if ready else b''
            except OSError:
                data = b''
            if not data:
                break
            text = decoder.decode(data)
            cast.write(json.dumps([round(time.monotonic() - begin, 3), 'o', text], ensure_ascii=False) + '\n')
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == '__main__':
    out, command = sys.argv[1], sys.argv[sys.argv.index('--') + 1:]
    sys.exit(record(out, command))
