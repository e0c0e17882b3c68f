import json
import os

from il_ros.errors import ConfigError
from il_ros.redaction.names import default_key, PSEUDONYM, Pseudonyms, read_key, Texts
from il_ros.redaction.scan import names_left
import pytest
import yaml

KEY = b'0123456789abcdef'


def test_pseudonyms_are_stable_under_one_key_and_others_under_another():
    one = Pseudonyms(KEY)
    name = one.of('Anna Schmidt')
    assert name == 'operator-lgth3is3gg25' and PSEUDONYM.fullmatch(name)
    assert one.of(' anna  SCHMIDT') == name
    assert Pseudonyms(KEY).of('Anna Schmidt') == name
    assert Pseudonyms(KEY[::-1]).of('Anna Schmidt') != name
    assert one.of('Anna Schmid') != name
    assert (one.of(''), one.of(name)) == ('', name)
    assert len(one.given) == 2


def test_a_key_is_made_once_and_for_nobody_else(tmp_path):
    file = tmp_path / 'keys/mine'
    key, note = read_key(file)
    assert len(key) == 64 and note.startswith(f'{file}: a new key')
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_key(file) == (key, '')
    file.chmod(0o644)
    assert read_key(file) == (key, f'{file}: others may read this key; chmod 600 {file}')


def test_a_key_that_can_be_guessed_is_refused(tmp_path):
    (tmp_path / 'key').write_text('secret\n')
    with pytest.raises(ConfigError, match='expected a key of at least 16 bytes, got 6'):
        read_key(tmp_path / 'key')
    with pytest.raises(ConfigError, match='the key cannot be read or made: Is a directory'):
        read_key(tmp_path)


def test_the_key_lies_with_the_settings_of_a_person(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path))
    assert default_key() == tmp_path / 'il_ros/redaction.key'
    monkeypatch.delitem(os.environ, 'XDG_CONFIG_HOME')
    monkeypatch.setenv('HOME', '/home/x')
    assert str(default_key()) == '/home/x/.config/il_ros/redaction.key'


@pytest.mark.parametrize('text, found', [
    ('hand it to Anna Schmidt, then ANNA', 'hand it to {anna}, then {anna}'),
    ('anna_2024 and schmidts annals of Hannah', '{anna}_2024 and schmidts annals of Hannah'),
    ('José and jose', '{jose} and jose'), ('Jose\u0301 came', '{jose} came'),
    ('Frau Weiß, WEISS and weiß', 'Frau {weiss}, {weiss} and {weiss}'), ('weißer', 'weißer'),
    ('the expert shows', 'the expert shows'), ('a Simulated expert shows', 'a {expert} shows'),
    ('mail a.b+c@lab.example.org or +49 (89) 123-4567', 'mail [e-mail] or [telephone]'),
    ('cube 12 at 2026-11-30 17:15', 'cube 12 at 2026-11-30 17:15')])
def test_texts_are_without_names_and_addresses(text, found):
    of = Pseudonyms(KEY).of
    texts = Texts(Pseudonyms(KEY), ['Anna Schmidt', 'José', 'Weiß', 'simulated expert', ''])
    found = found.format(anna=of('Anna Schmidt'), jose=of('José'), weiss=of('Weiß'),
                         expert=of('simulated expert'))
    assert texts.redact(text) == found
    assert texts.changed == (text != found)
    assert texts.concern(text) == (text != found)


def test_names_are_found_in_plain_data_and_counted():
    texts = Texts(Pseudonyms(KEY), ['ben'])
    assert texts.deep({'ben': ['for Ben', 3, None, ('x', 'Ben')]}) == {
        'ben': [f'for {Pseudonyms(KEY).of("ben")}', 3, None, ('x', Pseudonyms(KEY).of('ben'))]}
    assert texts.count('Ben and ben, not bent') == 2


def test_who_knows_nobody_replaces_nothing():
    assert Texts(Pseudonyms(KEY), []).redact('a b c') == 'a b c'


def test_names_that_a_file_escapes_are_counted_too(tmp_path):
    texts = Texts(Pseudonyms(KEY), ['José'])
    (tmp_path / 'a.json').write_text(json.dumps({'task': 'for José'}))
    (tmp_path / 'b.yaml').write_text(yaml.safe_dump({'task': 'José: now', 'who': 'josé'}))
    (tmp_path / 'c.yaml').write_text('task: for Jose')
    assert names_left(tmp_path, texts) == {'a.json': 1, 'b.yaml': 2}
