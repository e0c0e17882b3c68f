import pytest


@pytest.fixture(scope='session', autouse=True)
def decoded_images_stay_here(tmp_path_factory):
    """Keep what trainings decode away from the cache of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('IL_ROS_CACHE', str(tmp_path_factory.mktemp('cache')))
        yield
