from il_ros.errors import ConfigError
from il_ros.rights import counted, Rights
import pytest


@pytest.mark.parametrize('licence, found', [
    ('cc-by-4.0', 'CC-BY-4.0'), ('', ''), ('Apache-2.0 AND LicenseRef-ours',) * 2,
    ('LicenseRef-no-training',) * 2, ('ask the lab before use',) * 2])
def test_licences_are_spdx_or_free_text(licence, found):
    assert Rights(licence).checked().licence == found


@pytest.mark.parametrize('stated, text', [
    (Rights('CC-BY'), "licence 'CC-BY': expected an SPDX identifier such as CC-BY-4.0"),
    (Rights(consent='witheld'), "consent 'witheld': expected one of withdrawn, withheld,"),
    (Rights(consent='form 12'), "as in 'given: form 12'")])
def test_what_is_misspelt_is_refused(stated, text):
    with pytest.raises(ConfigError) as error:
        stated.checked()
    assert text in str(error.value)


@pytest.mark.parametrize('stated, reason', [
    (Rights(), ''), (Rights('CC-BY-NC-ND-4.0', 'lab', 'given: form 3'), ''),
    (Rights(consent='not needed'), ''),
    (Rights('MIT OR LicenseRef-No-Training'), 'licence MIT OR LicenseRef-No-Training'),
    (Rights('free text with licenseref-no-training'),
     'licence free text with licenseref-no-training'),
    (Rights(consent='withheld'), 'consent withheld'),
    (Rights(consent='Withdrawn: letter of May'), 'consent Withdrawn: letter of May'),
    (Rights(consent='pending'), 'consent pending'), (Rights(consent='?'), 'consent ?')])
def test_what_forbids_training(stated, reason):
    assert stated.forbids_training == reason


def test_what_holds_for_several():
    one, two = Rights('MIT', 'a', 'given'), Rights('CC-BY-4.0', 'b', 'withheld: x')
    assert Rights.together([one, two]) == Rights('MIT AND CC-BY-4.0', 'a, b', 'withheld: x')
    assert Rights.together([one, Rights()]) == Rights('MIT', 'a', '')
    assert Rights.together([one, one]) == one
    assert Rights.together([]) == Rights()
    assert counted([two, one, one]) == [{**one.row, 'episodes': 2}, {**two.row, 'episodes': 1}]


def test_what_nobody_stated_is_said_so():
    assert Rights.of({'licence': None}).text == (
        'licence not stated, owner not stated, consent not stated')
