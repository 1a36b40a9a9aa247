#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers on this machine for the network scripts.

    net_server.py DIRECTORY [ADDRESS…]     default: the address by which this machine goes out

On each address, with ports of the kernel's choice written to DIRECTORY/ADDRESS.tcp and .udp (the last address also as
"tcp" and "udp"), then DIRECTORY/ready:
  TCP: the first line is an order: "sum N" takes N bytes and answers their SHA-256; "give N" sends N bytes of a pattern;
       "who" answers the client's address; "half" sends back what came until the end of input, and after it " end".
  UDP: sends the datagram back.
Every arrival is a line of DIRECTORY/log. Ends when its standard input does.
"""
import hashlib
import os
import socket
import sys
import threading

PATTERN = bytes(range(256)) * 256


def outgoing_address():
    """Nothing is sent: the kernel is asked which source address it would take."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


def serve(connection, peer, log):
    with connection, connection.makefile("rb") as stream:
        words = stream.readline().decode().split()
        log(f"tcp {peer} {' '.join(words)}")
        if not words:
            return
        if words[0] == "sum":
            digest, left = hashlib.sha256(), int(words[1])
            while left and (block := stream.read(min(left, 1 << 16))):
                digest.update(block)
                left -= len(block)
            connection.sendall(f"{digest.hexdigest()}\n".encode())
        elif words[0] == "give":
            left = int(words[1])
            while left:
                block = PATTERN[:left]
                connection.sendall(block)
                left -= len(block)
        elif words[0] == "who":
            connection.sendall(f"{peer}\n".encode())
        elif words[0] == "half":
            connection.sendall(stream.read() + b" end\n")


def accept(listener, log):
    while True:
        connection, peer = listener.accept()
        threading.Thread(target=serve, args=(connection, peer[0], log), daemon=True).start()


def echo(datagrams, log):
    while True:
        data, peer = datagrams.recvfrom(65536)
        log(f"udp {peer[0]} {data[:40].decode('latin-1')}")
        datagrams.sendto(data, peer)


def main():
    directory = sys.argv[1]
    addresses = sys.argv[2:] or [outgoing_address()]
    lock = threading.Lock()

    def log(line):
        with lock, open(f"{directory}/log", "a", encoding="utf-8") as file:
            file.write(line + "\n")

    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, 0), family=family, backlog=1000)
        datagrams = socket.socket(family, socket.SOCK_DGRAM)
        datagrams.bind((address, 0))
        for kind, made, act in (("tcp", listener, accept), ("udp", datagrams, echo)):
            for name in (f"{address}.{kind}", kind):
                with open(f"{directory}/{name}", "w", encoding="ascii") as file:
                    file.write(str(made.getsockname()[1]))
            threading.Thread(target=act, args=(made, log), daemon=True).start()
    with open(f"{directory}/address", "w", encoding="ascii") as file:
        file.write(addresses[-1])
    with open(f"{directory}/ready", "w", encoding="ascii") as file:
        file.write("ready\n")
    while os.read(0, 1):
        pass


main()
