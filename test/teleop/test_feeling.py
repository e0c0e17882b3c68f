"""What a person feels and hears."""
import io
import os
from pathlib import Path
import pty
import wave

from il_ros.teleop.feeling import Event, Feeling, Shaker
from il_ros.teleop.sounds import NOTES, Sounds, tone
from il_ros.timing import MILLISECOND
from il_ros.types import Mode
import numpy as np
import pytest


def test_each_moment_is_told_once():
    feeling = Feeling(5.0)
    for seen, told in (
            (('', Mode.AUTONOMOUS, None), []),
            (('help_gate asks', Mode.AUTONOMOUS, None), [Event.HELP]),
            (('help_gate asks', Mode.AUTONOMOUS, None), []),
            (('help_gate asks', Mode.ALIGNING, None), [Event.TAKEN]),
            (('', Mode.CORRECTING, 4.9), []),
            (('', Mode.CORRECTING, 5.0), [Event.CONTACT]),
            (('', Mode.CORRECTING, 3.6), []),
            (('', Mode.CORRECTING, 5.0), []),
            (('', Mode.CORRECTING, 3.4), []),
            (('', Mode.CORRECTING, 5.0), [Event.CONTACT]),
            (('', Mode.CORRECTING, None), []),
            (('', Mode.HOLD, float('nan')), [Event.FAULT]),
            (('', Mode.HOLD, None), []),
            (('', Mode.PAUSED, None), []),
            (('', Mode.AUTONOMOUS, None), []),
            (('asks anew', Mode.HOLD, None), [Event.HELP, Event.FAULT])):
        assert feeling.see(*seen) == told, seen


def test_teleoperation_from_the_start_is_no_take_over():
    feeling = Feeling(5.0)
    assert feeling.see('', Mode.TELEOP, None) == []


def test_a_gamepad_shakes_twice_for_help_and_once_for_a_contact():
    shaker, at = Shaker(), lambda ms: 7 * 10**9 + round(ms * MILLISECOND)
    assert shaker.level(at(0)) == 0
    shaker.begin(Event.HELP, at(0))
    shaker.begin(Event.CONTACT, at(50))
    assert [shaker.level(at(ms)) for ms in (0, 299, 300, 449, 450, 749, 750)] == [
        0.8, 0.8, 0, 0, 0.8, 0.8, 0]
    shaker.begin(Event.CONTACT, at(1000))
    assert [shaker.level(at(ms)) for ms in (1000, 1099, 1100)] == [0.5, 0.5, 0]
    shaker.begin(Event.FAULT, at(2000))
    assert shaker.level(at(2000)) == 0


def test_a_tone_is_its_notes():
    with wave.open(io.BytesIO(tone((440.0, 880.0)))) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        rate, frames = file.getframerate(), file.readframes(file.getnframes())
    sound = np.frombuffer(frames, '<i2').astype(float)
    for half, hz in zip(np.split(sound, 2), (440, 880), strict=True):
        assert abs(np.argmax(np.abs(np.fft.rfft(half))) * rate / len(half) - hz) < 10
        assert half[0] == 0 and abs(half[-1]) < 1000, 'no click'
    assert len({tone(notes) for notes in NOTES.values()}) == len(NOTES)


@pytest.fixture
def player(tmp_path):
    """A player that writes what it is given to play into a file, and waits for a word."""
    heard, go = tmp_path / 'heard', tmp_path / 'go'
    os.mkfifo(go)
    program = tmp_path / 'aplay'
    program.write_text(f'#!/bin/sh\ncat "$2" >> {heard}\nread word < {go}\n')
    program.chmod(0o755)
    return program, heard, go


def test_a_player_is_started_and_not_waited_for(player):
    program, heard, go = player
    sounds = Sounds(lambda name: str(program) if name == 'aplay' else None)
    assert sounds.how == 'aplay'
    sounds.play(Event.CONTACT)     # one feels it
    sounds.play(Event.FAULT)
    sounds.play(Event.HELP)        # while the other still plays: dropped
    with go.open('w') as word:
        word.write('\n')
    sounds._playing.wait(30)
    assert heard.read_bytes() == tone(NOTES[Event.FAULT])
    folder = Path(sounds._folder.name)
    sounds.play(Event.SUCCESS)
    sounds.close()
    sounds.close()
    assert not folder.exists()


def test_without_a_player_the_terminals_bell_rings():
    master, slave = pty.openpty()
    sounds = Sounds(lambda name: None, os.ttyname(slave))
    assert sounds.how == 'bell'
    sounds.play(Event.HELP)
    assert os.read(master, 9) == b'\a'
    sounds.close()
    sounds.play(Event.HELP)
    os.close(master)
    os.close(slave)


def test_without_a_terminal_either_nothing_happens(tmp_path):
    sounds = Sounds(lambda name: None, str(tmp_path / 'none'))
    assert sounds.how == ''
    sounds.play(Event.HELP)
    sounds.close()


def test_a_player_that_is_gone_costs_nothing(tmp_path):
    sounds = Sounds(lambda name: str(tmp_path / 'gone'))
    sounds.play(Event.HELP)
    sounds.close()
