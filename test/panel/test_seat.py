from il_ros.panel.seat import FREE_NS, Seat, SeatError
from il_ros.timing import SECOND
import pytest

A, B = 'a' * 32, 'b' * 32


def test_the_first_page_has_the_seat_and_a_reload_keeps_it():
    seat = Seat()
    assert seat.came(A, 0) == 'page 1'
    assert seat.came(B, SECOND) == 'page 2'
    assert seat.holder(SECOND) == A
    assert seat.came(A, 3 * SECOND) == 'page 1'
    assert seat.holder(3 * SECOND + FREE_NS) == A


def test_it_is_free_five_seconds_after_its_page_was_lost_and_nobody_has_it_unasked():
    seat = Seat()
    seat.came(A, 0)
    seat.came(B, 0)
    seat.heard(B, FREE_NS)
    assert seat.holder(FREE_NS) == A
    assert seat.holder(FREE_NS + 1) == ''
    assert seat.ask(B, FREE_NS + 1) == 'the seat is yours'
    assert seat.came(A, FREE_NS + 2) == 'page 1'
    assert seat.holder(FREE_NS + 2) == B


def test_it_passes_on_request_only_from_its_holder():
    seat = Seat()
    seat.came(A, 0)
    seat.came(B, 0)
    with pytest.raises(SeatError, match='not yours'):
        seat.answer(B, True, 0)
    with pytest.raises(SeatError, match='nobody asks'):
        seat.answer(A, True, 0)
    assert seat.ask(B, 0) == 'asked page 1 for the seat'
    assert (seat.holder(0), seat.asking(0)) == (A, B)
    assert seat.answer(A, False, 0) == 'kept'
    assert (seat.holder(0), seat.asking(0)) == (A, '')
    seat.ask(B, 0)
    assert seat.answer(A, True, 0) == 'page 2 has the seat'
    assert seat.holder(0) == B


def test_who_asked_and_is_gone_is_not_given_it():
    seat = Seat()
    seat.came(A, 0)
    seat.came(B, 0)
    seat.ask(B, 0)
    seat.heard(A, FREE_NS + 1)
    assert seat.asking(FREE_NS + 1) == ''


def test_many_pages_do_not_fill_the_memory_nor_push_the_holder_out():
    seat = Seat()
    seat.came(A, 0)
    for number in range(1000):
        seat.came(f'{number:032x}', number)
    assert seat.holder(1000) == A and len(seat._pages) <= 64
