import pytest

from scanner.interruption import Interrupted, Interruption
from scanner.model import GapKind
from scanner.simulate.results import cut_short


def test_at_once_unless_told_otherwise() -> None:
    interruption = Interruption()
    with pytest.raises(Interrupted):
        interruption.request()
    assert interruption.requested


def test_a_request_stands_until_it_may_take_effect() -> None:
    interruption = Interruption()
    with interruption.deferred():
        interruption.request()
        with pytest.raises(Interrupted), interruption.allowed():
            pytest.fail("the work must not begin")


def test_allowed_work_is_cut_short_and_the_rest_is_not() -> None:
    interruption = Interruption()
    done = []
    with interruption.deferred():
        with pytest.raises(Interrupted), interruption.allowed():
            interruption.request()
        done.append("told")
    assert done == ["told"]


def test_a_second_request_ends_everything() -> None:
    interruption = Interruption()
    with interruption.deferred():
        interruption.request()
        with pytest.raises(KeyboardInterrupt) as raised:
            interruption.request()
    assert not isinstance(raised.value, Interrupted)


def test_deferral_ends_with_an_error() -> None:
    interruption = Interruption()
    with pytest.raises(ValueError, match="x"), interruption.deferred():
        raise ValueError("x")
    with pytest.raises(Interrupted):
        interruption.request()


@pytest.mark.parametrize("missing", [(), ("enforced",), ("baseline", "node", "enforced")])
def test_a_run_that_was_cut_short_is_never_whole(missing: tuple[str, ...]) -> None:
    results, gaps = cut_short(missing)
    assert [each.name for each in results] == list(missing)
    assert not any(each.ran for each in results)
    assert {each.subject for each in gaps} == set(missing or ("audit",))
    assert all(each.caps and each.kind is GapKind.INTERRUPTED for each in gaps)
