"""The table of capabilities.py against the live peers: what it says they lack, they lack, and nothing else."""

import pytest

import capabilities


@pytest.mark.parametrize("capability", capabilities.PROBES)
def test_the_table_tells_the_truth(peer, name, capability):
    has = capabilities.PROBES[capability](peer, name)
    assert has == peer.has(capability), f"{peer.name}: the table of capabilities.py is out of date"


def test_the_table_is_about_known_things():
    for peer, capability in capabilities.LACKS:
        assert peer in capabilities.PEERS and capability in capabilities.PROBES
    assert capabilities.having(*capabilities.PROBES) == ["sandbox"]
