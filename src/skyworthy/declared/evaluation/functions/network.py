"""IP network functions."""

import ipaddress
from typing import Any

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import Failure, to_number
from skyworthy.estate.values import Value


def _network(prefix: Value) -> Any:
    return ipaddress.ip_network(prefix, strict=False)


@function("cidrsubnet")
def cidrsubnet(prefix: Value, new_bits: Value, number: Value) -> Value:
    """``cidrsubnet``."""
    network = _network(prefix)
    length = network.prefixlen + to_number(new_bits)
    if length > network.max_prefixlen or to_number(number) >= 2 ** to_number(new_bits):
        raise Failure(f"cidrsubnet: {prefix} has no subnet {number} of {new_bits} more bits")
    address = int(network.network_address) + (to_number(number) << (network.max_prefixlen - length))
    return str(type(network)((address, length)))


@function("cidrsubnets")
def cidrsubnets(prefix: Value, *new_bits: Value) -> Value:
    """``cidrsubnets``: one after the other, each aligned to its own size."""
    network = _network(prefix)
    position = int(network.network_address)
    result: list[Value] = []
    for bits in new_bits:
        size = 1 << (network.max_prefixlen - network.prefixlen - to_number(bits))
        position = -(-position // size) * size
        if position + size > int(network.broadcast_address) + 1:
            raise Failure(f"cidrsubnets: {prefix} is too small")
        result.append(str(type(network)((position, network.prefixlen + to_number(bits)))))
        position += size
    return result


@function("cidrhost")
def cidrhost(prefix: Value, number: Value) -> Value:
    """``cidrhost``."""
    network = _network(prefix)
    host = to_number(number)
    base = int(network.network_address) if host >= 0 else int(network.broadcast_address) + 1
    return str(ipaddress.ip_address(base + host))


@function("cidrnetmask")
def cidrnetmask(prefix: Value) -> Value:
    """``cidrnetmask``."""
    return str(_network(prefix).netmask)
