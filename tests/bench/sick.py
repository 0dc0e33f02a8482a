#!/usr/bin/python3
"""Endpoints that behave badly, for tests and benches: prints one line `name url` each and serves until it is stopped.

hang    takes the request and never answers
fail    answers 500
drip    answers a byte a second
flood   answers with 1 GB
away    redirects to 127.0.0.1
"""

import asyncio
import os
import socket
import sys

CHUNK = b"x" * 65536


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    await reader.readexactly(length)


async def hang(writer):
    await asyncio.sleep(3600)


async def fail(writer):
    writer.write(b"HTTP/1.1 500 Broken\r\nContent-Length: 6\r\n\r\nbroken")


async def drip(writer):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n" + b"." * 600:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def flood(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(1073741824 // len(CHUNK)):
        writer.write(CHUNK)
        await writer.drain()


async def away(writer):
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:22/\r\nContent-Length: 0\r\n\r\n")


def serve(behave):
    async def talk(reader, writer):
        try:
            while True:
                await read_request(reader)
                await behave(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the sender is gone
        finally:
            writer.close()
    return talk


async def main():
    os.nice(19)  # other people's machines: they take nobody's processor here
    for behave in (hang, fail, drip, flood, away):
        server = await asyncio.start_server(serve(behave), "127.0.0.1", 0, backlog=1024)
        # A flood costs its own machine; here that one is ours, and would copy 4 MB into the system for each connection.
        server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        print(behave.__name__, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", flush=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
