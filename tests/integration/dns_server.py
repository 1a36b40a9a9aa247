#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A name server on this machine for the network scripts.

    dns_server.py DIRECTORY ADDRESS=BEHAVIOUR…      port 53 of each address, datagrams and streams

Behaviours: an IPv4 address answers every A question with it; "silent" never answers; "failing" says SERVFAIL. The name
"many.test" has 60 addresses 10.9.0.1 … 10.9.0.60, which no datagram of 512 bytes holds. Every question is a line
"ADDRESS udp|tcp NAME" of DIRECTORY/log; DIRECTORY/ready appears when all is there. Ends when its standard input does.
"""
import os
import socket
import struct
import sys
import threading


def question(message):
    at, labels = 12, []
    while length := message[at]:
        labels.append(message[at + 1:at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    return ".".join(labels), message[12:at + 5], struct.unpack("!H", message[at + 1:at + 3])[0]


def reply(message, behaviour, stream):
    name, section, kind = question(message)
    addresses = [behaviour] if name != "many.test" else [f"10.9.0.{i}" for i in range(1, 61)]
    records = [b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 5, 4) + socket.inet_aton(a) for a in addresses] if kind == 1 and behaviour != "failing" else []
    flags = 0x8180 | (2 if behaviour == "failing" else 0)
    if not stream and len(records) * 16 + len(section) + 12 > 512:
        flags, records = flags | 0x0200, []
    return message[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + section + b"".join(records)


def main():
    directory, lock = sys.argv[1], threading.Lock()

    def log(*words):
        with lock, open(f"{directory}/log", "a", encoding="utf-8") as file:
            file.write(" ".join(words) + "\n")

    def datagrams(made, address, behaviour):
        while True:
            message, peer = made.recvfrom(65536)
            log(address, "udp", question(message)[0])
            if behaviour != "silent":
                made.sendto(reply(message, behaviour, False), peer)

    def one_stream(connection, address, behaviour):
        with connection, connection.makefile("rb") as stream:
            while len(prefix := stream.read(2)) == 2:
                message = stream.read(struct.unpack("!H", prefix)[0])
                log(address, "tcp", question(message)[0])
                if behaviour != "silent":
                    answer = reply(message, behaviour, True)
                    connection.sendall(struct.pack("!H", len(answer)) + answer)

    def streams(listener, address, behaviour):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=one_stream, args=(connection, address, behaviour), daemon=True).start()

    for word in sys.argv[2:]:
        address, behaviour = word.split("=")
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((address, 53))
        tcp = socket.create_server((address, 53))
        threading.Thread(target=datagrams, args=(udp, address, behaviour), daemon=True).start()
        threading.Thread(target=streams, args=(tcp, address, behaviour), daemon=True).start()
    with open(f"{directory}/ready", "w", encoding="ascii") as file:
        file.write("ready\n")
    while os.read(0, 1):
        pass


main()
