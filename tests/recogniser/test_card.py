"""Cards of earlier versions are read like today's."""

import pytest

from digitlib.recogniser import lineage


@pytest.mark.parametrize("key", ["lineage", "pedigree"])
def test_the_lineage_is_found_under_its_old_and_its_new_key(key):
    assert lineage({"name": "refined", key: {"parent": "first"}}) == {"parent": "first"}


def test_a_card_without_lineage_has_an_empty_one():
    assert lineage({"name": "first"}) == lineage({"pedigree": {}}) == {}
