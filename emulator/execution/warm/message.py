"""What a starter of user code and the parent say to each other: a length, then a document; open files travel beside it.

It imports only what costs nothing: the program that stands in for `python` waits for it, once for each command.
"""

from __future__ import annotations

import _socket  # `socket` itself costs 20 ms of imports
import array
import marshal

TYPE_CHECKING = False  # `typing` itself costs 20 ms of imports
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LENGTH = 4
MOST_BYTES = 8 * 1024 * 1024
"""More than the kernel takes as arguments and environment of one program."""


def send(line: _socket.socket, document: dict[str, Any], files: Sequence[int] = ()) -> None:
    """Say it; OSError when the other end is gone."""
    body = marshal.dumps(document)
    data = len(body).to_bytes(LENGTH, "big") + body
    beside = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", files))] if files else []
    sent = line.sendmsg([data], beside)
    line.sendall(data[sent:])


def receive(line: _socket.socket, most_files: int = 0) -> tuple[dict[str, Any], list[int]]:
    """Hear it; EOFError when the other end is gone or says what cannot be read. Files are the caller's to close."""
    files = array.array("i")
    try:
        data, beside, _, _ = line.recvmsg(LENGTH, _socket.CMSG_LEN(most_files * files.itemsize))
        for level, kind, content in beside:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                files.frombytes(content[: len(content) - len(content) % files.itemsize])
        data += _exactly(line, LENGTH - len(data))
        length = int.from_bytes(data, "big")
        if length > MOST_BYTES:
            raise EOFError("the message is too long")
        document = marshal.loads(_exactly(line, length))  # noqa: S302 (both ends are this user's: the parent has asked)
    except (OSError, ValueError, TypeError) as error:
        raise EOFError(str(error)) from error
    if not isinstance(document, dict):
        raise EOFError("the message is no document")
    return document, list(files)


def _exactly(line: _socket.socket, length: int) -> bytes:
    parts = []
    while length > 0:
        part = line.recv(min(length, 1 << 16))
        if not part:
            raise EOFError("the other end is gone")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
