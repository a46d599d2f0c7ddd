"""`dev` says what is wrong with an address before it starts anything."""

import socket
from pathlib import Path

import pytest

from exporter.cli.dev import check_ports
from pipeline.config import Config
from pipeline.errors import Conflict


def test_taken_port_names_the_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = Config(data_dir=tmp_path, grpc_port=port, temporal_address="127.0.0.1:1")
        with pytest.raises(Conflict, match=rf"port {port} .* is taken by another .* --grpc-port"):
            check_ports(config)


def test_address_of_another_machine_is_not_called_taken(tmp_path: Path) -> None:
    # 192.0.2.0/24 is for documentation only: no machine has it.
    config = Config(data_dir=tmp_path, host="192.0.2.1", temporal_address="127.0.0.1:1")
    with pytest.raises(Conflict, match=r"cannot be listened on .*KELET_HOST") as refusal:
        check_ports(config)
    assert "taken" not in str(refusal.value)
