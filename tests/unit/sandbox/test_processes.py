"""Ports that are allotted."""

import os
import socket
import subprocess
import sys

import pytest

from skyworthy.sandbox.processes import LOOPBACK, free_port, own_address, release


def test_ports_differ_from_each_other_and_from_those_of_other_processes() -> None:
    code = (
        "from skyworthy.sandbox.processes import free_port\n"
        "print(*(free_port() for _ in range(200)), flush=True)\ninput()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    theirs = [int(word) for word in other.stdout.readline().split()]
    ours = [free_port() for _ in range(200)]
    try:
        assert len({*ours, *theirs}) == 400
        with socket.socket() as listener:
            listener.bind((LOOPBACK, ours[0]))
    finally:
        for port in ours:
            release(LOOPBACK, port)
        other.communicate("\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_servers_get_the_wanted_port_at_an_address_of_their_own() -> None:
    places = [own_address(5432) for _ in range(20)]
    try:
        assert {port for _, port in places} == {5432}
        assert len({host for host, _ in places}) == 20
    finally:
        for place in places:
            release(*place)


def test_port_of_root_gives_way_to_a_free_one() -> None:
    if os.geteuid() == 0:
        pytest.skip("root may listen anywhere")
    host, port = own_address(80)
    release(host, port)
    assert (host, port >= 1024) == (LOOPBACK, True)
