# SPDX-License-Identifier: Apache-2.0
"""A log server for one test: log_server.py KIND ADDRESS OUT [PORT-FILE]

KIND is udp, tcp, tls, unix-datagram, gelf-udp, gelf-tcp, fluentd or fluentd-tls; ADDRESS a port (0: any, told in PORT-FILE) or a path.
Each message becomes a line of OUT, as it came (gelf: unpacked; fluentd: as JSON); "ready" is the first.
With SLOW=seconds in the environment it begins to read so late. TLS takes server.crt and server.key of the working
directory, and with CLIENTS=FILE certificates of clients, signed by that one.
"""
import gzip
import json
import os
import socket
import ssl
import struct
import sys
import time
import zlib


def unpack(data, at=0):
    """A value of msgpack, as much of it as the forward protocol's messages have; and where it ends."""
    first = data[at]
    at += 1
    def text(size, at):
        return data[at:at + size].decode(errors="replace"), at + size
    def many(count, at):
        values = []
        for _ in range(count):
            value, at = unpack(data, at)
            values.append(value)
        return values, at
    if first < 0x80:
        return first, at
    if first & 0xf0 == 0x80 or first == 0xde:
        count = first & 0xf
        if first == 0xde:
            count = struct.unpack_from(">H", data, at)[0]
            at += 2
        values, at = many(2 * count, at)
        return dict(zip(values[::2], values[1::2])), at
    if first & 0xf0 == 0x90:
        return many(first & 0xf, at)
    if first & 0xe0 == 0xa0:
        return text(first & 0x1f, at)
    if first == 0xd9:
        return text(data[at], at + 1)
    if first == 0xda:
        return text(struct.unpack_from(">H", data, at)[0], at + 2)
    if first == 0xdb:
        return text(struct.unpack_from(">I", data, at)[0], at + 4)
    if first == 0xce:
        return struct.unpack_from(">I", data, at)[0], at + 4
    if first == 0xd7:
        seconds, nanoseconds = struct.unpack_from(">II", data, at + 1)
        return seconds + nanoseconds / 1e9, at + 9
    raise ValueError(f"type {first:#x}")


def main():
    kind, address, out = sys.argv[1:4]
    log = open(out, "wb", buffering=0)
    stream = kind in ("tcp", "tls", "gelf-tcp", "fluentd", "fluentd-tls")
    tls = None
    if kind.endswith("tls"):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain("server.crt", "server.key")
        if "CLIENTS" in os.environ:
            tls.load_verify_locations(os.environ["CLIENTS"])
            tls.verify_mode = ssl.CERT_REQUIRED
        kind = kind.removesuffix("-tls")
    if "unix" in kind:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        server.bind(address)
    else:
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if stream and "SLOW" in os.environ:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", int(address)))
    if len(sys.argv) > 4:
        with open(sys.argv[4] + ".new", "w", encoding="utf-8") as file:
            file.write(str(server.getsockname()[1]))
        os.rename(sys.argv[4] + ".new", sys.argv[4])
    if stream:
        server.listen()
    log.write(b"ready\n")
    chunks = {}
    while not stream:
        data = server.recv(1 << 20)
        if kind == "gelf-udp":
            if data[:2] == b"\x1e\x0f":
                ident, number, count = data[2:10], data[10], data[11]
                parts = chunks.setdefault(ident, {})
                parts[number] = data[12:]
                if len(parts) < count:
                    continue
                data = b"".join(parts[i] for i in range(count))
                log.write(b"chunks %d\n" % count)
            if data[:2] == b"\x1f\x8b":
                data = gzip.decompress(data)
            elif data[:1] == b"\x78":
                data = zlib.decompress(data)
        log.write(data.rstrip(b"\n") + b"\n")
    while True:
        peer, _ = server.accept()
        time.sleep(float(os.environ.get("SLOW", "0")))
        data = b""
        if tls:
            try:
                peer = tls.wrap_socket(peer, server_side=True)
            except OSError:
                continue  # it does not trust us, or we not it
        while block := peer.recv(65536):
            data += block
            if kind == "fluentd":
                while data:
                    try:
                        value, end = unpack(data)
                    except (IndexError, struct.error):
                        break
                    if end > len(data):
                        break
                    log.write(json.dumps(value).encode() + b"\n")
                    data = data[end:]
            else:
                end = b"\0" if kind == "gelf-tcp" else b"\n"
                while end in data:
                    line, data = data.split(end, 1)
                    log.write(line + b"\n")


main()
