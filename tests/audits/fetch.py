"""Asks a server something, proxy or not: python fetch.py HOST PORT, or SOCKET, or @NAME of an abstract one."""

import socket
import sys

if len(sys.argv) == 3:
    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
else:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1].replace("@", "\0", 1) if sys.argv[1].startswith("@") else sys.argv[1])
connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
print(connection.makefile().read())
